//! `corridor import`: what it takes, what it refuses, what it leaves behind.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, NaiveDate, Utc};
use corridor::cli::import::{Format, ImportArgs, ImportError, Report, TableError, import};
use corridor::config::{Config, import_mapping};
use corridor::db::{self, Conn, chain, events, mandates, organizations, startup_profiles};
use corridor::domain::account::Role;
use corridor::domain::admission::Admission;
use corridor::domain::agreement::{Agreement, Signatory, SignatureLevel, Signing};
use corridor::domain::compliance::{ClearanceVerdict, Proof};
use corridor::domain::disclosure::{Decision, Rule};
use corridor::domain::ids::{OrganizationId, ProgrammeId};
use corridor::domain::import::RowOutcome;
use corridor::domain::mandate::{Mandate, MandateContent, MandateStatus};
use corridor::domain::organization::{Organization, OrganizationDetails};
use corridor::domain::profile::{ProfileStatus, StartupContent, StartupProfile};
use corridor::domain::programme::{
    Corridor, Party, PartyRole, Programme, ProgrammeAction, ProgrammeDetails,
};
use corridor::domain::review::{Audience, MatchAction, MatchStatus};
use corridor::domain::scoring::{Explanation, GateVerdict, Outcome, ReasonKey};
use corridor::domain::text::{Language, Slug};
use corridor::domain::values::OrganizationKind;
use corridor::matching::reference::Filter;
use corridor::services::accounts::{self, NewUser};
use corridor::services::agreements::{self, NewSigning};
use corridor::services::compliance::{self, NewClearance};
use corridor::services::disclosure::{self, Occasion, Pair};
use corridor::services::imports::{self, Fate, Line, NewInvestor, NewStartup, Pass, Terms};
use corridor::services::matches::{self, Query, Request};
use corridor::services::{Caller, Clock, Context, Error, admissions, programmes};
use corridor::startup;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::stage::proposable;
use crate::support::database::{Database, on_each_backend};

const STARTUPS: &str = include_str!("fixtures/import/startups.csv");
const INVESTORS: &str = include_str!("fixtures/import/investors.csv");
const INVESTMENTS: &str = include_str!("fixtures/import/investments.csv");

/// A store with an operator, a programme from IL to AZ, and files to import.
struct Desk {
    context: Context,
    operator: Caller,
    programme: Programme,
    files: TempDir,
}

impl Desk {
    async fn new(database: &Database) -> Self {
        let files = tempfile::tempdir().unwrap();
        let flags = [
            ("data.dir", files.path().join("data").display().to_string()),
            ("auth.argon2_memory_kib", "19456".to_owned()),
        ];
        let flags = flags.map(|(key, value)| (key.to_owned(), value));
        let config = Config::load(None, [], flags).unwrap();
        fs::create_dir(&config.data.dir).unwrap();
        let noon: DateTime<Utc> = "2026-11-24T12:00:00Z".parse().unwrap();
        let context = startup::context(
            &config,
            database.open(),
            Clock::set(noon),
            "http://localhost".into(),
        )
        .await
        .unwrap();
        let operator = operator(&context).await;
        let programme = programme(&context, &operator).await;
        let desk = Self {
            context,
            operator,
            programme,
            files,
        };
        desk.put("startups.csv", STARTUPS);
        desk.put("investors.csv", INVESTORS);
        desk.put("investments.csv", INVESTMENTS);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    fn args(&self) -> ImportArgs {
        ImportArgs {
            startups: Some(self.path("startups.csv")),
            investors: Some(self.path("investors.csv")),
            investments: Some(self.path("investments.csv")),
            mapping: None,
            programme: Some("israel-azerbaijan".parse().unwrap()),
            no_claim_mails: false,
            dry_run: false,
            keep_good: false,
            report: None,
            format: Format::Table,
            ..ImportArgs::default()
        }
    }

    async fn import(&self) -> Report {
        import(&self.context, &self.args()).await.unwrap()
    }

    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Conn) -> db::Result<T> + Send + 'static,
    ) -> T {
        self.context.db.read(job).await.unwrap()
    }

    async fn firm(&self, kind: OrganizationKind, id: &'static str) -> Option<Organization> {
        self.read(move |conn| organizations::find_by_external_id(conn, kind, id))
            .await
    }

    async fn profile(&self, id: &'static str) -> StartupProfile {
        let firm = self.firm(OrganizationKind::Startup, id).await.unwrap();
        let filter = startup_profiles::Filter {
            organization: Some(firm.id),
            ..Default::default()
        };
        self.read(move |conn| startup_profiles::list(conn, &filter, None, 9))
            .await
            .pop()
            .unwrap()
    }

    async fn mandate(&self, id: &'static str) -> Option<Mandate> {
        let firm = self.firm(OrganizationKind::Investor, id).await.unwrap();
        let filter = mandates::Filter {
            organization: Some(firm.id),
            ..Default::default()
        };
        self.read(move |conn| mandates::list(conn, &filter, None, 9))
            .await
            .pop()
    }

    /// Both firms are cleared.
    /// The firms agree to be proposed to others.
    async fn agree(&self, firms: [OrganizationId; 2]) {
        let (context, by) = (self.context.clone(), self.operator.user.id);
        let write = move |conn: &mut Conn| {
            for firm in organizations::find_many(conn, &firms)? {
                db::consents::insert(conn, &proposable(&context, &firm, by))?;
            }
            Ok::<_, db::Error>(())
        };
        self.context.db.write(write).await.unwrap();
    }

    async fn clear(&self, firms: &[OrganizationId]) {
        for organization in firms {
            let clear = NewClearance {
                organization: *organization,
                verdict: ClearanceVerdict::Clear,
                basis: "register".into(),
                proof: Proof {
                    reference: Some("Archive 7".to_owned()),
                    document: None,
                },
                source_of_funds: None,
                valid_to: "2027-06-30".parse().unwrap(),
                after: None,
            };
            compliance::record_clearance(&self.context, &self.operator, None, clear)
                .await
                .unwrap();
        }
    }

    /// What a curator sees of a startup's mandates.
    async fn rank(
        &self,
        profile: &StartupProfile,
        filter: Filter,
    ) -> (ProgrammeId, Vec<Explanation>) {
        let mut request = Request::best(Query::Startup(profile.id), None, 10);
        request.wanted.undecided = (!filter.undecided).then_some(false);
        request.wanted.min_score = filter.min_score;
        request.wanted.min_confidence = filter.min_confidence;
        let (programme, ranked) = matches::rank(&self.context, &self.operator, request)
            .await
            .unwrap();
        let told = ranked.items.into_iter().map(|it| it.explanation).collect();
        (programme, told)
    }

    /// The number of events after everything is sealed, the chain verified.
    async fn events(&self) -> i64 {
        self.context.db.seal_pending().await.unwrap();
        self.read(|conn| {
            assert!(chain::verify(conn, 1_000, |_| {})?.first_bad.is_none());
            Ok(events::head(conn)?.position)
        })
        .await
    }
}

async fn operator(context: &Context) -> Caller {
    let user = NewUser {
        email: "ops@corridor.example".parse().unwrap(),
        name: "Operator".parse().unwrap(),
        language: "en".parse().unwrap(),
        zone: chrono_tz::UTC,
        password: "a long password for a test".into(),
    };
    let roles = vec![Role::Curator, Role::Compliance];
    let id = accounts::create_operator_user(context, user, roles)
        .await
        .unwrap();
    context
        .db
        .read(move |conn| {
            let user = db::users::find(conn, id)?.unwrap();
            let memberships = db::users::memberships(conn, id)?;
            Ok::<_, db::Error>(Caller::new(user, memberships))
        })
        .await
        .unwrap()
}

async fn programme(context: &Context, operator: &Caller) -> Programme {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let corridor = |startup: &str, investor: &str| Corridor {
        startup: startup.parse().unwrap(),
        investor: investor.parse().unwrap(),
    };
    let details = ProgrammeDetails {
        slug: "israel-azerbaijan".parse().unwrap(),
        title: "Israel–Azerbaijan".parse().unwrap(),
        corridors: vec![corridor("IL", "AZ")],
        scope_tags: vec![],
        parties: vec![Party {
            organization: operator.memberships[0].organization,
            role: PartyRole::Operator,
        }],
        starts_on: day("2026-01-01"),
        ends_on: day("2027-12-31"),
    };
    let drafted = programmes::create(context, operator, None, details)
        .await
        .unwrap();
    let (id, party) = (drafted.id, operator.memberships[0].organization);
    let go = async |action| {
        programmes::transition(context, operator, None, id, None, action, None)
            .await
            .unwrap()
    };
    go(ProgrammeAction::Negotiate).await;
    let english: Language = "en".parse().unwrap();
    let written = Agreement {
        controlling: Some(english.clone()),
        texts: [(english, "We agree.".to_owned())].into(),
        signatories: vec![Signatory {
            organization: party,
            name: "Leyla".to_owned(),
            title: None,
            signing: Signing::Pending,
            recorded: None,
        }],
        ..Agreement::empty(id)
    };
    agreements::write(context, operator, id, None, written)
        .await
        .unwrap();
    go(ProgrammeAction::AgreeText).await;
    go(ProgrammeAction::StartSigning).await;
    let signed = NewSigning {
        organization: party,
        signing: Signing::Signed {
            level: SignatureLevel::Simple,
            on: context.now().date_naive(),
            evidence: "Archive 7".to_owned(),
            digest: [0; 32],
        },
    };
    agreements::record_signing(context, operator, None, id, None, signed)
        .await
        .unwrap();
    go(ProgrammeAction::Activate).await
}

/// The rows of a written report.
fn told(written: &str) -> Vec<Value> {
    let lines = written.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The bad rows of a report as they are printed.
fn bad(report: &Report) -> String {
    let mut text = String::new();
    for row in &report.bad_rows {
        writeln!(text, "{row}").unwrap();
    }
    text
}

#[test]
fn good_files_become_unclaimed_records_of_the_programme() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        let before = desk.events().await;
        let report = desk.import().await;
        insta::assert_snapshot!("import_report", without_time(&report));

        for (id, name) in [
            ("s2", "תמר זרימה"),
            ("s3", "Xəzər Günəşi, QSC"),
            ("s4", "Гидра Софт"),
        ] {
            let firm = desk.firm(OrganizationKind::Startup, id).await.unwrap();
            assert_eq!(firm.details.display_name().as_str(), name);
        }
        let tamar = desk.profile("s1").await;
        assert_eq!(tamar.status, ProfileStatus::Published);
        assert!(!tamar.claimed);
        assert_eq!(tamar.reconfirm_by, "2027-02-22".parse().ok());
        insta::assert_debug_snapshot!("imported_content", tamar.content);
        assert_eq!(
            desk.profile("s3").await.status,
            ProfileStatus::Draft,
            "no corridor from AZ"
        );
        assert_eq!(
            desk.profile("s6").await.status,
            ProfileStatus::InReview,
            "sensitive"
        );
        let nowhere = desk.profile("s5").await;
        assert_eq!(nowhere.country, None);
        assert_eq!(nowhere.status, ProfileStatus::Published);

        // 6 firms with profile, 4 with mandate or without, of 3 of them past deals; what may
        // join is admitted.
        let records = 6 * 2 + 4 + 3 + 3;
        let admissions = report.files.iter().map(|file| file.admitted).sum::<u64>();
        let written = desk.events().await - before;
        assert_eq!(written, i64::try_from(records + admissions).unwrap());
    });
}

fn without_time(report: &Report) -> String {
    let mut report = report.clone();
    report.milliseconds = 0;
    report.to_string()
}

#[test]
fn a_mandate_is_derived_from_past_deals() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        desk.import().await;
        let derived = desk.mandate("i1").await.unwrap();
        assert_eq!(derived.status, MandateStatus::Published);
        assert!(!derived.claimed);
        insta::assert_debug_snapshot!("derived_mandate", derived.content);
        assert!(desk.mandate("i2").await.is_none(), "no deals, no mandate");
        let elsewhere = desk.mandate("i3").await.unwrap();
        assert_eq!(
            elsewhere.status,
            MandateStatus::Draft,
            "outside the corridors"
        );
    });
}

#[test]
fn without_a_programme_and_deals_there_are_drafts_and_no_mandates() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        let args = ImportArgs {
            programme: None,
            investments: None,
            ..desk.args()
        };
        import(&desk.context, &args).await.unwrap();
        assert_eq!(desk.profile("s1").await.status, ProfileStatus::Draft);
        assert!(desk.mandate("i1").await.is_none());

        let report = desk.import().await;
        assert_eq!(
            report.files[0].updated, 5,
            "all but s3, from which no corridor leads"
        );
        assert_eq!(desk.profile("s1").await.status, ProfileStatus::Published);
        assert!(desk.mandate("i1").await.is_some());
    });
}

#[test]
fn a_dry_run_reports_the_same_and_changes_nothing() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        let before = desk.events().await;
        let dry = ImportArgs {
            dry_run: true,
            ..desk.args()
        };
        let trial = import(&desk.context, &dry).await.unwrap();
        assert_eq!(desk.events().await, before);
        assert!(desk.firm(OrganizationKind::Startup, "s1").await.is_none());
        assert_eq!(trial.files, desk.import().await.files);
    });
}

#[test]
fn a_second_import_changes_only_what_the_files_changed() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        desk.import().await;
        let before = desk.events().await;
        let again = desk.import().await;
        assert_eq!(desk.events().await, before, "nothing new to say");
        let counts: Vec<_> = again
            .files
            .iter()
            .map(|it| (it.created, it.updated, it.unchanged))
            .collect();
        assert_eq!(counts, [(0, 0, 6), (0, 0, 4), (0, 0, 0)]);

        desk.put(
            "startups.csv",
            STARTUPS.replace("Tamar Flow,water", "Tamar Flows,solar"),
        );
        // What a curator took out of the programme doesn't come back with a file.
        let profile = Admission::StartupProfile(desk.profile("s1").await.id);
        let reason = "It moved away.".to_owned();
        let (context, id) = (&desk.context, desk.programme.id);
        admissions::withdraw(context, &desk.operator, None, id, profile, reason)
            .await
            .unwrap();
        let third = desk.import().await;
        assert_eq!(third.files[0].admitted, 0);
        assert_eq!((third.files[0].updated, third.files[0].unchanged), (1, 5));
        let profile = desk.profile("s1").await;
        assert_eq!((profile.revision, profile.version), (2, 2));
        let firm = desk.firm(OrganizationKind::Startup, "s1").await.unwrap();
        assert_eq!(firm.details.display_name().as_str(), "Tamar Flows");
    });
}

#[test]
fn what_a_person_has_claimed_is_left_as_it_is() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        desk.import().await;
        let claimed = desk.profile("s1").await;
        let claimed = StartupProfile {
            claimed: true,
            version: claimed.version + 1,
            ..claimed
        };
        let stored = claimed.clone();
        desk.context
            .db
            .write(move |conn| startup_profiles::update(conn, &stored))
            .await
            .unwrap();
        desk.put(
            "startups.csv",
            STARTUPS.replace("Tamar Flow,water", "Tamar Flows,solar"),
        );
        let report = desk.import().await;
        assert_eq!(report.files[0].kept, 1);
        assert_eq!(desk.profile("s1").await, claimed);
        let firm = desk.firm(OrganizationKind::Startup, "s1").await.unwrap();
        assert_eq!(firm.details.display_name().as_str(), "Tamar Flow");
    });
}

#[test]
fn one_bad_row_in_any_file_keeps_all_files_out_unless_the_good_are_wanted() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        let before = desk.events().await;
        let investments = format!("{INVESTMENTS}s9,i1,2011-05-05,1,,\n");
        desk.put("investments.csv", investments);
        let args = ImportArgs {
            report: Some(desk.path("bad.ndjson")),
            ..desk.args()
        };
        let report = import(&desk.context, &args).await.unwrap();
        assert!(!report.written);
        assert_eq!(desk.events().await, before);
        let written = fs::read_to_string(desk.path("bad.ndjson")).unwrap();
        let fates = told(&written);
        let bad = fates.iter().filter(|fate| fate["outcome"] == "bad");
        assert_eq!(
            bad.collect::<Vec<_>>(),
            [&json!({
                "file": "investments.csv", "line": 8, "external_id": null, "outcome": "bad",
                "id": null, "faults": [{
                    "place": "startup_id", "pointer": "/startup_external_id", "code": "bad_cell",
                    "detail": "the startups' file has no good row with this id",
                }],
            })]
        );
        // The others tell what they would have come to.
        let created = fates.iter().filter(|fate| fate["outcome"] == "created");
        assert_eq!(created.count(), 10);
        assert!(fates.iter().all(|fate| fate["id"].is_null()));

        let args = ImportArgs {
            keep_good: true,
            ..args
        };
        let report = import(&desk.context, &args).await.unwrap();
        assert!(report.written);
        assert_eq!((report.bad, report.files[0].created), (1, 6));
        let written = fs::read_to_string(desk.path("bad.ndjson")).unwrap();
        let fates = told(&written);
        let count = |outcome: &str| fates.iter().filter(|it| it["outcome"] == outcome).count();
        assert_eq!(
            (count("created"), count("counted"), count("bad")),
            (10, 6, 1)
        );
        let on_record = fates.iter().filter(|it| it["id"].is_string());
        assert_eq!(on_record.count(), 10);
    });
}

#[test]
fn every_bad_row_is_named_with_its_line_and_all_its_faults() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        desk.put(
            "startups.csv",
            "\u{FEFF}id,name,tags,country,first_stage,amount\r\n\
             s1,\"Two\r\nlines\",water,ISR,,\r\n\
             \r\n\
             s2,Short,water\r\n\
             s3,Twin,water,ISR,,\r\n\
             s3,Twin,water,ISR,,\r\n\
             s4,,water,XYZ,series-z,-5\r\n\
             s5,Great,water,IL,,92233720368547758.08\r\n\
             s6,Odd,water,Israel,,1e6\r\n\
             s7,Arms,water;missile,ISR,,\r\n\
             s8,Good,water,ISR,,100\r\n",
        );
        desk.put(
            "investors.csv",
            b"id,name,country\ni1,Caf\xe9,AZE\ni2,Good,AZE\n",
        );
        desk.put(
            "investments.csv",
            "startup_id,investor_id,date,stage,amount\n\
             s8,i2,2012-02-30,,\n\
             s8,i2,2026-11-25,,\n\
             s1,i1,2012-02-03,,0\n",
        );
        let report = import(&desk.context, &desk.args()).await.unwrap();
        insta::assert_snapshot!("bad_rows", bad(&report));
        assert!(!report.written);
    });
}

#[test]
fn a_quotation_mark_that_nobody_closed_costs_its_own_row() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        desk.put(
            "startups.csv",
            "id,name,tags,country,first_stage,amount\r\
             s1,Good,water,ISR,,\r\
             s2,\"Open,water,ISR,,\r\
             s3,\"Good, Ltd\",water,ISR,,\r",
        );
        desk.put("investors.csv", "id,name,country\ni1,\"Open,AZE\n");
        desk.put(
            "investments.csv",
            "startup_id,investor_id,date,stage,amount\n",
        );
        let report = import(&desk.context, &desk.args()).await.unwrap();
        let said = bad(&report);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 2, "{said}");
        for (line, place) in lines.iter().zip(["startups.csv:3: ", "investors.csv:2: "]) {
            assert!(line.starts_with(place), "{line}");
            assert!(line.contains("never closed"), "{line}");
        }
        assert_eq!(report.files[0].good, 2);
    });
}

#[test]
fn files_that_are_no_such_files_are_refused_as_a_whole() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        let utf16: Vec<u8> = "\u{FEFF}id,name"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let cases: [(&[u8], &str); 5] = [
            (b"", "is empty; a header line was expected"),
            (b"\xEF\xBB\xBF\n", "is empty; a header line was expected"),
            (
                &utf16,
                "is not in UTF-8 but, it seems, in UTF-16; save the file as UTF-8",
            ),
            (
                b"id;name;country\n",
                "the header lacks amount, country, first_stage, id, name, tags; found: id;name;country. Its columns seem to be separated by semicolons: save the file with commas",
            ),
            (
                b"id,id,name,tags,country,first_stage,amount\n",
                "has two columns named \"id\"",
            ),
        ];
        for (text, message) in cases {
            desk.put("startups.csv", text);
            let error = import(&desk.context, &desk.args()).await.unwrap_err();
            assert!(matches!(error, ImportError::Table(TableError::Form { .. })));
            let path = desk.path("startups.csv");
            assert_eq!(error.to_string(), format!("{}: {message}", path.display()));
        }
        fs::remove_file(desk.path("startups.csv")).unwrap();
        let error = import(&desk.context, &desk.args()).await.unwrap_err();
        assert!(matches!(error, ImportError::Table(TableError::Read { .. })));
    });
}

#[test]
fn numbers_of_registers_are_read_where_the_mapping_says_so() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        let mapping = import_mapping::DEFAULT.replace(
            "[startups.columns]\n",
            "[startups.columns]\nnumber = \"lei\"\n",
        );
        desk.put("mapping.toml", mapping);
        desk.put(
            "startups.csv",
            "id,name,tags,country,first_stage,amount,number\n\
             s1,One,water,ISR,,,5493001KJTIIGC8Y1R12\n\
             s2,Two,water,ISR,,,\n",
        );
        desk.put(
            "investments.csv",
            "startup_id,investor_id,date,stage,amount\n",
        );
        let args = ImportArgs {
            mapping: Some(desk.path("mapping.toml")),
            ..desk.args()
        };
        let report = import(&desk.context, &args).await.unwrap();
        assert!(report.written, "{}", bad(&report));
        let firm = desk.firm(OrganizationKind::Startup, "s1").await.unwrap();
        let stated = desk
            .read(move |conn| db::identifiers::of(conn, firm.id))
            .await;
        assert_eq!(stated.len(), 1);
        desk.put(
            "startups.csv",
            "id,name,tags,country,first_stage,amount,number\ns1,One,water,ISR,,,123\n",
        );
        let report = import(&desk.context, &args).await.unwrap();
        let said = bad(&report);
        assert!(
            said.starts_with("startups.csv:2: number: must be 18 letters"),
            "{said}"
        );
    });
}

/// A row of a startup with nothing to say.
fn bare_row(number: u64, name: &str) -> Line<NewStartup> {
    let row = NewStartup {
        external_id: format!("b-{number}"),
        firm_id: None,
        details: OrganizationDetails {
            kind: OrganizationKind::Startup,
            legal_name: name.parse().unwrap(),
            trade_name: None,
            names: std::collections::BTreeMap::new(),
            country: None,
            website: None,
        },
        identifiers: corridor::domain::identifier::Statement::default(),
        content: StartupContent::default(),
        contact: None,
    };
    let row = Ok(row);
    Line { number, row }
}

const DRAFTS: Terms = Terms {
    programme: None,
    ask_contacts: false,
    dry_run: false,
};

#[test]
fn a_file_is_read_while_nobody_holds_the_store() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        let (context, handle) = (desk.context.clone(), tokio::runtime::Handle::current());
        let lines = move || {
            let (context, handle) = (context.clone(), handle.clone());
            Ok::<_, Error>((0..3).map(move |number| {
                // Somebody else writes while the file is read.
                let write = context.db.write(|_| Ok::<_, Error>(()));
                handle.block_on(async { tokio::time::timeout(PATIENCE, write).await.unwrap() })?;
                Ok::<_, Error>(bare_row(number, "Slow"))
            }))
        };
        let mut told = |_, _, _: &[Fate]| ();
        let tally = imports::startups(&desk.context, DRAFTS, lines, &mut told);
        assert_eq!(tally.await.unwrap().created, 3);
    });
}

#[test]
fn a_file_is_tried_and_then_written_in_batches_between_which_others_write() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        let lines = || Ok::<_, Error>((0..120).map(|number| Ok(bare_row(number, "Batch"))));
        let dry = Terms {
            dry_run: true,
            ..DRAFTS
        };
        let (mut passes, mut fates) = (Vec::new(), Vec::new());
        let mut told = |pass, done, some: &[Fate]| {
            passes.push((pass, done));
            fates.extend(some.iter().map(|fate| (fate.line, fate.outcome, fate.firm)));
        };
        let tried = imports::startups(&desk.context, dry, lines, &mut told);
        let tried = tried.await.unwrap();
        let made = imports::startups(&desk.context, DRAFTS, lines, &mut told);
        assert_eq!(made.await.unwrap(), tried);
        assert_eq!(tried.created, 120);
        let of = |pass| [(pass, 50), (pass, 100), (pass, 120)];
        assert_eq!(
            passes,
            [of(Pass::Trying), of(Pass::Trying), of(Pass::Writing)].concat()
        );
        // Each row has its fate, and an id once it is on record.
        let lines_of = |pass: usize| fates.iter().skip(120 * pass).take(120);
        for pass in 0..3 {
            assert!((0..120).eq(lines_of(pass).map(|fate| fate.0)));
            assert!(lines_of(pass).all(|fate| fate.1 == RowOutcome::Created));
            assert!(lines_of(pass).all(|fate| fate.2.is_some() == (pass == 2)));
        }

        // A transaction for each batch: what was written before it broke stays
        // there, and nothing of the trials does.
        let mut told = |_, _, _: &[Fate]| ();
        let again = imports::startups(&desk.context, DRAFTS, lines, &mut told);
        assert_eq!(again.await.unwrap().unchanged, 120);
    });
}

#[test]
fn what_is_refused_keeps_all_back_and_every_row_has_its_fate() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        let line = |number: u64| {
            let water: Slug = "water".parse().unwrap();
            let mut mandate = MandateContent {
                tags: [(water.clone(), 3)].into(),
                ..MandateContent::default()
            };
            mandate.excluded_tags.extend((number == 1).then_some(water));
            let Ok(NewStartup {
                external_id,
                mut details,
                identifiers,
                ..
            }) = bare_row(number, "Fund").row
            else {
                panic!("a good row");
            };
            details.kind = OrganizationKind::Investor;
            let row = Ok(NewInvestor {
                external_id,
                firm_id: None,
                details,
                identifiers,
                mandate: Some(mandate),
                investments: Vec::new(),
                contact: None,
            });
            Line { number, row }
        };
        let lines = move || Ok::<_, Error>((0..4).map(move |number| Ok(line(number))));
        let mut fates = Vec::new();
        let mut told = |pass, _, some: &[Fate]| {
            assert_eq!(pass, Pass::Trying);
            fates.extend_from_slice(some);
        };
        let tally = imports::investors(&desk.context, DRAFTS, lines, &mut told).await;
        assert!(matches!(tally, Err(Error::Invalid(_))), "{tally:?}");
        let outcomes: Vec<_> = fates.iter().map(|fate| fate.outcome).collect();
        let (made, bad) = (RowOutcome::Created, RowOutcome::Bad);
        assert_eq!(outcomes, [made, bad, made, made]);
        assert_eq!(fates[1].faults[0].code, "contradiction");
        assert!(desk.firm(OrganizationKind::Investor, "b-0").await.is_none());
    });
}

/// However long a file is, two batches of it are held: while one is stored, no
/// more than the next is made.
#[test]
fn a_file_is_read_no_further_than_a_batch_ahead() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        let made = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&made);
        let lines = move || {
            let made = Arc::clone(&counter);
            made.store(0, Ordering::SeqCst);
            Ok::<_, Error>((0..330).map(move |number| {
                made.fetch_add(1, Ordering::SeqCst);
                Ok(bare_row(number, "Stream"))
            }))
        };
        let mut most = 0;
        let mut told = |_, done, _: &[Fate]| {
            most = most.max(made.load(Ordering::SeqCst).saturating_sub(done));
        };
        let dry = Terms {
            dry_run: true,
            ..DRAFTS
        };
        let tried = imports::startups(&desk.context, dry, lines, &mut told).await;
        assert_eq!(tried.unwrap().created, 330);
        assert!(most <= 50, "{most} rows made ahead");
    });
}

/// How long a write may take that nobody holds up.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);

#[test]
fn an_unknown_programme_or_a_wrong_mapping_is_a_fault_of_usage() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        let args = ImportArgs {
            programme: Some("elsewhere".parse().unwrap()),
            ..desk.args()
        };
        let error = import(&desk.context, &args).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "--programme: there is no programme elsewhere"
        );
        desk.put("mapping.toml", "[startups]\n");
        let args = ImportArgs {
            mapping: Some(desk.path("mapping.toml")),
            ..desk.args()
        };
        let error = import(&desk.context, &args).await.unwrap_err();
        assert!(matches!(error, ImportError::Usage(_)), "{error}");
    });
}

#[test]
fn an_imported_profile_is_ranked_and_not_released() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        desk.import().await;
        let profile = desk.profile("s1").await;
        let mandate = desk.mandate("i1").await.unwrap();
        desk.clear(&[profile.organization, mandate.organization])
            .await;
        let decided = Filter {
            undecided: false,
            ..Filter::default()
        };
        let (programme, ranked) = desk.rank(&profile, decided).await;
        assert_eq!(programme, desk.programme.id);
        let found: Vec<_> = ranked.iter().map(|it| it.mandate.0).collect();
        assert_eq!(found, [mandate.id]);

        let matched = matches::compute(
            &desk.context,
            &desk.operator,
            None,
            programme,
            profile.id,
            mandate.id,
        )
        .await
        .unwrap();
        assert_eq!(matched.status, MatchStatus::Candidate, "every gate passes");
        let release = MatchAction::Release(Audience::Both);
        let released = matches::transition(
            &desk.context,
            &desk.operator,
            None,
            matched.id,
            None,
            release,
        )
        .await;
        let Err(Error::Refused(refusal)) = released else {
            panic!("released although nobody stands behind it");
        };
        assert_eq!(refusal.code, "disclosure_not_allowed");
    });
}

#[test]
fn a_record_without_a_country_waits_for_a_curator_and_is_shown_to_nobody() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        desk.import().await;
        let profile = desk.profile("s5").await;
        let mandate = desk.mandate("i1").await.unwrap();
        desk.clear(&[profile.organization, mandate.organization])
            .await;
        let (_, ranked) = desk.rank(&profile, Filter::default()).await;
        let told = ranked
            .iter()
            .find(|it| it.mandate.0 == mandate.id)
            .expect("the pair is ranked");
        assert_eq!(told.outcome(), Outcome::NeedsReview);
        let waiting: Vec<_> = told
            .gates
            .iter()
            .filter(|gate| gate.verdict == GateVerdict::Unknown)
            .map(|gate| gate.reason.key)
            .collect();
        assert_eq!(waiting, [ReasonKey::ScopeCountryUnknown]);

        // Nothing but the country is in the way.
        let firms = [profile.organization, mandate.organization];
        desk.agree(firms).await;
        let programme = desk.programme.clone();
        let mut pair = Pair {
            programme,
            profile,
            mandate,
        };
        pair.profile.claimed = true;
        pair.mandate.claimed = true;
        let israel = "IL".parse().ok();
        for (country, decision) in [
            (
                None,
                Decision::Deny {
                    rules: vec![Rule::Programme],
                },
            ),
            (israel, Decision::Allow),
        ] {
            pair.profile.country = country;
            let (context, pair) = (desk.context.clone(), pair.clone());
            let read = move |conn: &mut Conn| disclosure::ask(&context, conn, &pair, Occasion::New);
            assert_eq!(desk.context.db.read(read).await.unwrap(), decision);
        }
    });
}

#[test]
fn a_curator_admits_nothing_whose_country_is_unknown() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        let args = ImportArgs {
            programme: None,
            ..desk.args()
        };
        import(&desk.context, &args).await.unwrap();
        let profile = desk.profile("s5").await;
        let mandate = desk.mandate("i4").await.unwrap();
        for admission in [
            Admission::StartupProfile(profile.id),
            Admission::Mandate(mandate.id),
        ] {
            let id = desk.programme.id;
            let admitted =
                programmes::admit(&desk.context, &desk.operator, None, id, admission).await;
            let Err(Error::Refused(refusal)) = admitted else {
                panic!("admitted without a country");
            };
            assert_eq!(refusal.code, "outside_corridors");
        }
    });
}

#[test]
fn a_mapping_may_refuse_rows_without_a_country() {
    on_each_backend(async |database| {
        let desk = Desk::new(database).await;
        let take = "missing_country = \"take\"";
        assert!(import_mapping::DEFAULT.contains(take));
        desk.put(
            "mapping.toml",
            import_mapping::DEFAULT.replace(take, "missing_country = \"refuse\""),
        );
        desk.put(
            "investments.csv",
            "startup_id,investor_id,date,stage,amount\n",
        );
        let args = ImportArgs {
            mapping: Some(desk.path("mapping.toml")),
            ..desk.args()
        };
        let report = import(&desk.context, &args).await.unwrap();
        assert!(!report.written);
        assert_eq!(
            bad(&report),
            "startups.csv:6: country: must not be empty\n\
             investors.csv:5: country: must not be empty\n"
        );
    });
}
