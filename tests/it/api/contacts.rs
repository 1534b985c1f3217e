//! Firms that were imported or typed by a curator are asked by mail, by
//! themselves, to stand behind what was written about them.

use std::fs;

use corridor::cli::import::{Format, ImportArgs, Report, import};
use corridor::config::import_mapping;
use corridor::db;
use corridor::domain::account::Role;
use corridor::domain::ids::OrganizationId;
use corridor::domain::ticket::TicketKind;
use corridor::domain::values::OrganizationKind;
use serde_json::json;
use tempfile::TempDir;

use crate::support::app::App;
use crate::support::builders::{
    PASSWORD, act, active_programme, create, firm, mailed_token, operator, whole_profile,
};
use crate::support::client::Client;
use crate::support::database::{Database, on_each_backend};

const STARTUPS: &str = "\
id,name,tags,country,first_stage,amount,site,line,email,lang
1,Negev Sun,Water;Dew;Solar,ISR,angel,1500000,https://negev.example,Negev Sun makes water,office@negev.example,he
2,Galil Sensors,Water,ISR,angel,,,Probes for soil,hello@galil.example,
3,Haifa Robots,Water,ISR,angel,,,Arms for cranes,,
4,Berlin Pumps,Water,DEU,angel,,,Pumps,info@pumps.example,
";
const INVESTORS: &str = "\
id,name,country,email
i-1,Xezer Capital,AZE,team@xezer.example
";
const INVESTMENTS: &str = "\
startup_id,investor_id,date,stage,amount
2,i-1,2024-05-01,angel,250000
";

/// A programme from IL to AZ, and files.
struct Desk {
    app: App,
    curator: Client,
    programme: String,
    files: TempDir,
}

impl Desk {
    async fn set(database: &Database) -> Self {
        let app = App::start(database).await;
        let curator = operator(&app, "Curator", &[Role::Curator]).await;
        let party = firm(&app, "partner", "Trade Office", "IL").await.id;
        let programme = active_programme(&curator, "il-az", &party).await;
        let files = tempfile::tempdir().unwrap();
        let mapping = import_mapping::DEFAULT
            .replace(
                "first_stage = \"stage\"",
                "first_stage = \"stage\"\nsite = \"website\"\nline = \"one_liner\"\n\
                 email = \"contact_email\"\nlang = \"contact_language\"",
            )
            .replace(
                "[investors.columns]\n",
                "[investors.columns]\nemail = \"contact_email\"\n",
            )
            .replace("[stages]\n", "[stages]\n\"angel\" = \"seed\"\n");
        let desk = Self {
            app,
            curator,
            programme,
            files,
        };
        desk.put("mapping.toml", &mapping);
        desk.put("startups.csv", STARTUPS);
        desk.put("investors.csv", INVESTORS);
        desk.put("investments.csv", INVESTMENTS);
        desk
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.files.path().join(name), text).unwrap();
    }

    fn args(&self) -> ImportArgs {
        let path = |name: &str| self.files.path().join(name);
        ImportArgs {
            startups: Some(path("startups.csv")),
            investors: Some(path("investors.csv")),
            investments: Some(path("investments.csv")),
            mapping: Some(path("mapping.toml")),
            programme: Some("il-az".parse().unwrap()),
            no_claim_mails: false,
            dry_run: false,
            keep_good: false,
            report: None,
            format: Format::Table,
            ..ImportArgs::default()
        }
    }

    /// Contacts asked, of the startups' file and of the investors'.
    async fn import(&self, args: ImportArgs) -> (u64, u64) {
        let report: Report = import(&self.app.context, &args).await.unwrap();
        assert!(report.bad_rows.is_empty(), "{:?}", report.bad_rows);
        (report.files[0].asked, report.files[1].asked)
    }

    async fn claims_queued(&self) -> usize {
        let read = self
            .app
            .context
            .db
            .read(|conn| db::outbox::list(conn, None, None, 1_000));
        let queued = read.await.unwrap();
        let claims = queued
            .iter()
            .filter(|it| it.intent_key.starts_with("claim:"));
        claims.count()
    }

    async fn page(&self, email: &str) -> String {
        let token = mailed_token(&self.app, TicketKind::Claim, email).await;
        format!("/tickets/{token}")
    }

    async fn firm(&self, external_id: &'static str) -> OrganizationId {
        let kind = OrganizationKind::Startup;
        let read = self
            .app
            .context
            .db
            .read(move |conn| db::organizations::find_by_external_id(conn, kind, external_id));
        read.await.unwrap().unwrap().id
    }
}

const WHO: [(&str, &str); 6] = [
    ("action", "confirm"),
    ("name", "Dana Levi"),
    ("language", "he"),
    ("zone", "Asia/Jerusalem"),
    ("password", PASSWORD),
    ("agree", "yes"),
];

#[test]
fn an_import_asks_each_contact_once_and_only_of_what_was_admitted() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let dry = ImportArgs {
            dry_run: true,
            ..desk.args()
        };
        assert_eq!(desk.import(dry).await, (2, 1));
        assert_eq!(desk.claims_queued().await, 0);
        let silent = ImportArgs {
            no_claim_mails: true,
            ..desk.args()
        };
        assert_eq!(desk.import(silent).await, (0, 0));
        assert_eq!(desk.claims_queued().await, 0);
        // What was kept back is asked when somebody wants it.
        assert_eq!(desk.import(desk.args()).await, (2, 1));
        assert_eq!(desk.claims_queued().await, 3);
        assert_eq!(desk.import(desk.args()).await, (0, 0));
        assert_eq!(desk.claims_queued().await, 3);
        let page = desk.page("team@xezer.example").await;
        let page = desk.app.stranger().open(&page).await.expect(200);
        page.says("Xezer Capital");
    });
}

#[test]
fn an_operator_who_wants_no_such_mail_sends_none() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let mut context = desk.app.context.clone();
        let mut settings = (*context.settings).clone();
        settings.ask_contacts = false;
        context.settings = std::sync::Arc::new(settings);
        let report = import(&context, &desk.args()).await.unwrap();
        assert_eq!(report.files[0].asked, 0);
        assert_eq!(desk.claims_queued().await, 0);
    });
}

#[test]
fn what_was_imported_is_corrected_on_the_page_and_every_fault_is_shown_at_once() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        desk.import(desk.args()).await;
        let page = desk.page("office@negev.example").await;
        let stranger = desk.app.stranger();
        let shown = stranger.open(&page).await.expect(200);
        let shown = shown
            .says("lang=\"he\" dir=\"rtl\"")
            .says("value=\"Negev Sun\"")
            .says("value=\"https://negev.example\"")
            .says("Negev Sun makes water")
            .says("name=\"keep\" value=\"water\"")
            .says("name=\"keep_word\" value=\"Dew\"");
        shown.says("value=\"seed\" selected");
        let wrong = [
            ("action", "confirm"),
            ("name", ""),
            ("language", "he"),
            ("zone", "Nowhere"),
            ("password", "password"),
            ("firm_name", ""),
            ("website", "negev"),
            ("one_liner", "Write to office@negev.example"),
            ("kept", "yes"),
        ];
        let refused = stranger.submit(&page, &wrong).await.expect(422);
        let mut told = 0;
        for field in [
            "name",
            "zone",
            "password",
            "agree",
            "firm_name",
            "website",
            "one_liner",
            "tags",
        ] {
            let place = format!("id=\"{field}-fault\"");
            assert!(refused.html.contains(&place), "{field}: {}", refused.html);
            told += 1;
        }
        println!("{told} faults of one form are shown at once");
        // What was typed is still there, and what was unticked stays so.
        let refused = refused.says("Write to office@negev.example");
        assert!(!refused.html.contains(" checked> <bdi>"));
        let mut right = WHO.to_vec();
        right.extend([
            ("firm_name", "Negev Light"),
            ("website", "https://light.example"),
            ("one_liner", "Water from desert air"),
            ("summary", "Panels that collect water at night."),
            ("stage", "series_a"),
            ("kept", "yes"),
            ("keep", "water"),
        ]);
        stranger.submit(&page, &right).await.expect(200);
        let dana = stranger.signed_in("office@negev.example", PASSWORD).await;
        let me = dana.get("/v1/me").await.expect(200);
        assert_eq!(me.body["memberships"][0]["name"], "Negev Light");
        let own = dana.get("/v1/startup-profiles").await.expect(200);
        let id = own.body["items"][0]["id"].as_str().unwrap().to_owned();
        let profile = dana
            .get(&format!("/v1/startup-profiles/{id}"))
            .await
            .expect(200);
        assert_eq!(profile.body["claimed"], true);
        assert_eq!(
            profile.body["one_liner"]["en"]["text"],
            "Water from desert air"
        );
        assert_eq!(profile.body["stage"], "series_a");
        assert_eq!(profile.body["primary_tags"], json!(["water"]));
        let firm = desk.firm("1").await;
        let read = desk
            .app
            .context
            .db
            .read(move |conn| db::organizations::find(conn, firm));
        let details = read.await.unwrap().unwrap().details;
        assert_eq!(
            details.website.unwrap().to_string(),
            "https://light.example"
        );
        // A later import leaves alone what the firm said.
        assert_eq!(desk.import(desk.args()).await, (0, 0));
    });
}

#[test]
fn a_form_with_a_field_of_its_own_is_refused() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        desk.import(desk.args()).await;
        let page = desk.page("office@negev.example").await;
        for more in [("claimed", "true"), ("name", "Again")] {
            let mut fields = WHO.to_vec();
            fields.push(more);
            desk.app.stranger().submit(&page, &fields).await.expect(400);
        }
    });
}

#[test]
fn who_said_no_is_not_asked_again_by_itself_for_any_firm() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        desk.import(desk.args()).await;
        let page = desk.page("hello@galil.example").await;
        let no = [("action", "refuse")];
        desk.app.stranger().submit(&page, &no).await.expect(200);
        // Another address of the same firm, and the same address for another.
        let changed = STARTUPS
            .replace("hello@galil.example", "other@galil.example")
            .replace("Arms for cranes,,", "Arms for cranes,hello@galil.example,");
        desk.put("startups.csv", &changed);
        assert_eq!(desk.import(desk.args()).await, (0, 0));
        assert_eq!(desk.claims_queued().await, 3);
        let firm = desk.firm("2").await;
        let claims = format!("/v1/organizations/{firm}/claims");
        let body = json!({ "email": "hello@galil.example" });
        let asked = desk.curator.post(&claims, &body).await;
        asked.refused(409, "objected");
    });
}

#[test]
fn what_a_curator_typed_is_put_before_the_firm_when_it_is_put_forward() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let tamar = firm(&desk.app, "startup", "Tamar", "IL").await;
        let mut profile = whole_profile();
        profile["organization"] = json!(tamar.id);
        let (path, _) = create(&desk.curator, "/v1/startup-profiles", &profile).await;
        assert_eq!(desk.claims_queued().await, 0, "a draft is nobody's yet");
        act(&desk.curator, &path, "submit").await;
        assert_eq!(desk.claims_queued().await, 1);
        act(&desk.curator, &path, "claim").await;
        act(&desk.curator, &path, "approve").await;
        act(&desk.curator, &path, "publish").await;
        let admissions = format!("{}/admissions", desk.programme);
        let id = path.rsplit('/').next().unwrap();
        let body = json!({ "startup_profile": id });
        desk.curator.post(&admissions, &body).await.expect(200);
        assert_eq!(desk.claims_queued().await, 1, "once");
        // The owner, who has an account, only agrees.
        let page = desk.page("tamar@firms.example").await;
        let fields = [
            ("action", "confirm"),
            ("name", "Owner of Tamar"),
            ("agree", "yes"),
        ];
        desk.app.stranger().submit(&page, &fields).await.expect(200);
        let seen = tamar.owner.get(&path).await.expect(200);
        assert_eq!(seen.body["claimed"], true);
    });
}
