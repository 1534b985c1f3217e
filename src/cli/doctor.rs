//! `corridor doctor`: is everything as it should be, and if not, what to do.
//! It looks and changes nothing, so that it can be asked beside a running
//! service of whatever version.

use chrono::{TimeDelta, Utc};

use crate::config::{Config, MailTransport, taxonomy};
use crate::db::outbox::Counts;
use crate::db::{self, Conn, Db, chain, migrate};
use crate::domain::account::Role;
use crate::domain::bounce::BounceOutcome;
use crate::domain::rates::{Coverage, Source};
use crate::domain::tag::keeping::Drift;
use crate::domain::values::OrganizationKind;
use crate::domain::worklist::{REFUSED_DAYS, UNSERVED_MINUTES};
use crate::mail::DkimKey;
use crate::services::documents::upkeep;
use crate::services::rates::coverage;
use crate::services::{Clock, Context, mail_keys, pipelines, recompute};
use crate::startup::{context_to_look, mailer, open_to_look};

use super::{Failure, progress};

/// Events verified between two looks at the progress bar.
const BATCH: usize = 2_000;
/// A message that waits longer than this tells that no worker runs.
const LATE: TimeDelta = TimeDelta::minutes(10);

/// Days for which holidays should be known ahead.
const CALENDAR_DAYS: u64 = 365;

/// Days for which what came back is counted.
const BOUNCE_DAYS: i64 = 30;

/// What a check found.
enum Finding {
    Fine(String),
    /// Worth knowing, nothing broken.
    Note(String),
    /// Broken, with what to do.
    Bad(String),
}

/// How closely it looks.
#[derive(Debug, Default, clap::Args)]
pub struct DoctorArgs {
    /// Read every document to see whether it is what it was
    #[arg(long)]
    hashes: bool,
}

/// Checks everything and prints a line each.
///
/// # Errors
/// Something is broken; the lines say what to do.
pub async fn run(config: &Config, args: &DoctorArgs) -> Result<(), Failure> {
    let mut report = Report::default();
    report.say("settings", Finding::Fine("valid".to_owned()))?;
    if let Some(astray) = links_astray(config) {
        report.say("links", astray)?;
    }
    if let Some(unknown) = unknown_callers(config) {
        report.say("proxy", unknown)?;
    }
    let db = match open_to_look(config) {
        Ok(db) => db,
        Err(error) => {
            report.say("store", Finding::Bad(error.to_string()))?;
            return report.end();
        }
    };
    let store = match seen_by_others(config) {
        Some(seen) => seen,
        None => Finding::Fine("opened".to_owned()),
    };
    report.say("store", store)?;
    let schema = db.read(migrate::status).await.map_err(Failure::new)?;
    let is_current = schema.pending.is_empty() && schema.unknown.is_empty();
    report.say("migrations", migrations(&schema))?;
    if is_current {
        contents(config, args, &db, &mut report).await?;
    }
    report.say("mail", mail(config).await)?;
    db.close().await;
    report.end()
}

/// What stands in a store whose schema is this program's.
async fn contents(
    config: &Config,
    args: &DoctorArgs,
    db: &Db,
    report: &mut Report,
) -> Result<(), Failure> {
    let bar = progress::rows("Verifying the log", None);
    let looked = db
        .read(move |conn| look(conn, &bar))
        .await
        .map_err(Failure::new)?;
    for (subject, finding) in looked {
        report.say(subject, finding)?;
    }
    let checked = db.read(recompute::check_all).await.map_err(Failure::new)?;
    report.say("matches", matches(&checked))?;
    let url = config.server.public_url_at(config.server.listen);
    match context_to_look(config, db.clone(), Clock::System, url).await {
        Ok(context) => {
            let keys = "opened with the configured secret";
            report.say("keys", Finding::Fine(keys.to_owned()))?;
            report.say("documents", documents(&context, args.hashes).await?)?;
            report.say("calendars", calendars(&context))?;
            report.say("pipelines", astray(&context).await?)?;
            if let Some(replaced) = replaced_pipelines(&context).await? {
                report.say("pipelines", replaced)?;
            }
            if let Some(lacking) = signatures(config, &context).await? {
                report.say("signatures", lacking)?;
            }
        }
        Err(error) => report.say("keys", Finding::Bad(error.to_string()))?,
    }
    Ok(())
}

#[derive(Default)]
struct Report {
    bad: usize,
}

impl Report {
    fn say(&mut self, subject: &str, finding: Finding) -> Result<(), Failure> {
        let (mark, text) = match finding {
            Finding::Fine(text) => ("ok  ", text),
            Finding::Note(text) => ("note", text),
            Finding::Bad(text) => {
                self.bad += 1;
                ("BAD ", text)
            }
        };
        say!("{mark}  {subject:<11} {text}")
    }

    fn end(self) -> Result<(), Failure> {
        match self.bad {
            0 => Ok(()),
            1 => Err(Failure::new("one thing needs attention, see above")),
            many => Err(Failure::new(format!(
                "{many} things need attention, see above"
            ))),
        }
    }
}

/// Mail that really goes out has to say where the service is.
fn links_astray(config: &Config) -> Option<Finding> {
    let sent = config.mail.transport == MailTransport::Smtp;
    (sent && config.server.public_url.is_none()).then(|| {
        Finding::Bad(format!(
            "messages go out by SMTP with links to http://{}, which nobody elsewhere can open; set server.public_url to the address that people reach the service by",
            config.server.listen
        ))
    })
}

/// The service speaks no TLS, so an https address means that a proxy stands in
/// front; unless it is named, all callers look like one.
fn unknown_callers(config: &Config) -> Option<Finding> {
    let url = config.server.public_url.as_deref().unwrap_or_default();
    let unnamed = config.limits.trusted_proxies.trim().is_empty();
    (url.starts_with("https://") && unnamed).then(|| {
        Finding::Note(
            "server.public_url is https, so a proxy stands in front, and limits.trusted_proxies names none: everybody shares one allowance, and whoever guesses passwords holds up everybody; set it to the proxy's address"
                .to_owned(),
        )
    })
}

/// A deal whose stage its version of the pipelines doesn't have moves nowhere.
async fn astray(context: &Context) -> Result<Finding, Failure> {
    let astray = pipelines::astray(context).await.map_err(Failure::new)?;
    if astray.is_empty() {
        let fine = "every deal stands at a stage of its version";
        return Ok(Finding::Fine(fine.to_owned()));
    }
    Ok(Finding::Bad(format!(
        "deals stand at {}, which the version they were opened under doesn't have; a curator can have them go through another pipeline (`reroute`)",
        astray.join(", ")
    )))
}

/// A program that brings pipelines of before does not publish them in place of
/// those that replaced them: which of two that run side by side is meant to
/// stay, only people know.
async fn replaced_pipelines(context: &Context) -> Result<Option<Finding>, Failure> {
    Ok(pipelines::replaced(context).await.map_err(Failure::new)?.map(|set| {
        let day = set.published_at.unwrap_or(set.created_at).date_naive();
        Finding::Note(format!(
            "this program brings pipelines that were replaced: programmes without a set of their own open deals under {}, published {day}. If you went back to this program on purpose, a curator drafts what it brings for each programme (POST /v1/pipeline-sets) and publishes that; else run the newer one",
            set.id
        ))
    }))
}

/// Holidays that nobody has written down yet are working days to the service:
/// people are reminded on them, and deadlines come too early.
fn calendars(context: &Context) -> Finding {
    let today = context.now().date_naive();
    let soon = today + chrono::Days::new(CALENDAR_DAYS);
    let ending: Vec<String> = context
        .calendars
        .known_until()
        .filter(|(_, until)| *until < soon)
        .map(|(country, until)| format!("{} until {until}", country.code()))
        .collect();
    if ending.is_empty() {
        return Finding::Fine("holidays are known for a year and more".to_owned());
    }
    Finding::Note(format!(
        "holidays are known for {} only; a newer version brings more",
        ending.join(", ")
    ))
}

/// Mail that really goes out is signed, and by RSA as well: many receivers know
/// nothing else.
async fn signatures(config: &Config, context: &Context) -> Result<Option<Finding>, Failure> {
    if config.mail.transport != MailTransport::Smtp {
        return Ok(None);
    }
    let keys = mail_keys::all(context).await.map_err(Failure::new)?;
    let mut kinds = vec![];
    for key in &keys {
        let made = DkimKey::new(&key.domain, &key.selector, &key.pkcs8);
        kinds.push(made.map_err(Failure::new)?.is_rsa());
    }
    Ok(if kinds.is_empty() {
        Some(Finding::Note(
            "mail is not signed: large receivers take it for spam; see `corridor keys dkim`"
                .to_owned(),
        ))
    } else if kinds.contains(&true) {
        None
    } else {
        Some(Finding::Note(
            "mail is signed with ed25519 only, which many receivers can't check; add an RSA key under another selector: `corridor keys dkim --type rsa --selector …`"
                .to_owned(),
        ))
    })
}

/// Where messages are written as files; the first one makes the folder.
fn into_files(config: &Config) -> Finding {
    let dir = config.data.dir.join("mail");
    if dir.is_dir() || !dir.exists() {
        return Finding::Fine("into files".to_owned());
    }
    Finding::Bad(format!(
        "{} is no folder, so no message can be written there: move it away",
        dir.display()
    ))
}

async fn mail(config: &Config) -> Finding {
    if config.mail.transport == MailTransport::File {
        return into_files(config);
    }
    let mailer = match mailer(config) {
        Ok(mailer) => mailer,
        Err(error) => return Finding::Bad(error.to_string()),
    };
    let mut fine = vec![];
    let mut away = vec![];
    for (server, reached) in mailer.reach_each().await {
        match reached {
            Ok(()) => fine.push(format!("{server} answers")),
            Err(error) => away.push(format!("{server} can't be used: {}", error.text())),
        }
    }
    match (fine.is_empty(), away.is_empty()) {
        (_, true) => Finding::Fine(fine.join("; ")),
        (false, false) => Finding::Note(format!(
            "{}; {}: mail goes by the others meanwhile",
            fine.join("; "),
            away.join("; ")
        )),
        (true, false) => Finding::Bad(format!(
            "{}; see the [mail] settings. What is to be sent waits in the queue meanwhile",
            away.join("; ")
        )),
    }
}

/// Whether the bytes of all documents are there.
async fn documents(context: &Context, hashes: bool) -> Result<Finding, Failure> {
    let found = upkeep::check(context, hashes).await.map_err(Failure::new)?;
    let folder = context.documents.vault.root().display();
    let lost: Vec<String> = (found.missing.iter().chain(&found.damaged).take(3))
        .map(|hash| hex(hash))
        .collect();
    let looked = if hashes { ", read whole" } else { "" };
    Ok(if lost.is_empty() {
        Finding::Fine(format!(
            "{} in {folder}{looked}, {} left over; the service deletes those after a day",
            found.needed, found.orphans
        ))
    } else {
        Finding::Bad(format!(
            "of {} in {folder} {} are missing and {} damaged, among them {}: bring these files back from a backup of the folder, or have their startups upload them again",
            found.needed,
            found.missing.len(),
            found.damaged.len(),
            lost.join(", ")
        ))
    })
}

fn look(conn: &mut Conn, bar: &indicatif::ProgressBar) -> db::Result<Vec<(&'static str, Finding)>> {
    let log = log(conn, bar)?;
    bar.finish_and_clear();
    Ok(vec![
        ("log", log),
        ("queue", queue(conn)?),
        ("bounces", bounces(conn)?),
        ("people", people(conn)?),
        ("search", search(conn)?),
        ("tags", tags(conn)?),
        ("agreements", agreements(conn)?),
        ("consents", consents(conn)?),
        ("rates", rates(conn)?),
    ])
}

/// How the store's schema stands to this program's.
fn migrations(schema: &migrate::Status) -> Finding {
    let named = |versions: &[String]| versions.join(", ");
    match (schema.pending.as_slice(), schema.unknown.as_slice()) {
        ([], []) => Finding::Fine(format!("{} applied", schema.applied.len())),
        (pending, []) => Finding::Bad(format!(
            "{} pending: {}; this program is newer than the store. Keep a copy of the store, then start the service: that applies them; the rest is checked once they are",
            pending.len(),
            named(pending)
        )),
        (_, unknown) => Finding::Bad(format!(
            "the store is newer than this program, which doesn't know {}: run the newest corridor; the rest is checked by that one",
            named(unknown)
        )),
    }
}

/// Whether other people of the machine may read the store's file.
fn seen_by_others(config: &Config) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt as _;
    const OTHERS: u32 = 0o077;
    let dir = &config.data.dir;
    let file = dir.join("corridor.db");
    let mode = |path: &std::path::Path| {
        let found = std::fs::metadata(path).ok()?;
        Some(found.permissions().mode() & OTHERS)
    };
    let seen = config.database.url.is_none() && mode(dir)? != 0 && mode(&file)? != 0;
    seen.then(|| {
        Finding::Bad(format!(
            "other users of this machine may read {}, with everything that was said in confidence: chmod 700 {}",
            file.display(),
            dir.display()
        ))
    })
}

fn search(conn: &mut Conn) -> db::Result<Finding> {
    let behind = db::search::behind(conn)?;
    Ok(match behind {
        ..=0 => Finding::Fine("finds every firm, profile and mandate".to_owned()),
        _ => Finding::Note(format!(
            "does not find {behind} firms, profiles and mandates yet; the service catches up while it runs"
        )),
    })
}

/// Whether the texts of programmes are those that were agreed, by the log.
fn agreements(conn: &mut Conn) -> db::Result<Finding> {
    let found = db::agreements::check_all(conn)?;
    Ok(if found.altered.is_empty() {
        Finding::Fine(format!(
            "the texts of {} programmes are as they were agreed",
            found.intact
        ))
    } else {
        Finding::Bad(format!(
            "the texts of {} are not those that were agreed: somebody changed the store behind the service's back; restore them from a backup, or from the parties' copies",
            found.altered.join(", ")
        ))
    })
}

/// How many firms are shown as before it was asked whether their people agreed.
fn consents(conn: &mut Conn) -> db::Result<Finding> {
    let (count, first) = db::consents::count_before(conn, chrono::Utc::now())?;
    Ok(match first {
        Some(until) => Finding::Note(format!(
            "{count} firms are shown as they were before it was asked whether their people agree to be proposed, the first until {}: it stands in the worklist of their owners, who agree at POST /v1/me/consents or by publishing again",
            until.date_naive()
        )),
        None => Finding::Fine("every firm that is shown was asked".to_owned()),
    })
}

/// How the tags on record stand to the program's own file, which is taken in
/// at the first start only.
fn tags(conn: &mut Conn) -> db::Result<Finding> {
    let Some(edition) = db::tags::edition(conn)? else {
        return Ok(Finding::Note(
            "none on record yet: the first start takes them from the program's file".to_owned(),
        ));
    };
    let kept = db::tags::all(conn)?;
    let file = match taxonomy::parse(taxonomy::DEFAULT) {
        Ok(file) => file,
        Err(error) => return Ok(Finding::Bad(format!("taxonomy.toml: {error}"))),
    };
    let drift = Drift::of(&file, kept.iter());
    let changed = kept.iter().filter(|kept| kept.version > 1).count();
    let own = match edition.number {
        0 => String::new(),
        number => format!(", {number} changes since the first start, of {changed} of them"),
    };
    let all = format!("{} from {}{own}", kept.len(), edition.base);
    Ok(match drift.told() {
        None => Finding::Fine(all),
        Some(drift) => Finding::Note(format!(
            "{all}; the file of this program ({}) {drift}: curators take over what they want, POST and PATCH /v1/tags",
            file.version()
        )),
    })
}

fn log(conn: &mut Conn, bar: &indicatif::ProgressBar) -> db::Result<Finding> {
    let report = chain::verify(conn, BATCH, |verified| bar.set_position(verified))?;
    let head = db::events::head(conn)?;
    Ok(match report.first_bad {
        None => Finding::Fine(format!(
            "{} events in an unbroken chain; keep the head elsewhere: {} {}",
            report.verified,
            head.position,
            hex(&head.hash)
        )),
        Some(bad) => Finding::Bad(format!(
            "the chain breaks at position {}: {}. Somebody or something changed the store behind the service's back: stop it, keep a copy, and restore the newest backup whose chain is whole",
            bad.position, bad.why
        )),
    })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn matches(report: &recompute::Report) -> Finding {
    let recomputed = report.same + report.other.len();
    let older = match report.older {
        0 => String::new(),
        older => format!("; {older} older ones keep no grounds to compute them from"),
    };
    match report.other.first() {
        None => Finding::Fine(format!(
            "{recomputed} explanations computed again to the same bytes{older}"
        )),
        Some(first) => Finding::Bad(format!(
            "{} of {recomputed} explanations come out otherwise than stored, first that of match {first}: either somebody changed the store, or this program scores otherwise than the one that stored them; compute these matches anew",
            report.other.len()
        )),
    }
}

/// How fresh and whole the banks' rates are.
fn rates(conn: &mut Conn) -> db::Result<Finding> {
    let today = Utc::now().date_naive();
    let covered = coverage(conn, today)?;
    if covered.is_empty() {
        let own = db::rates::last_day(conn, Source::Operator, today)?;
        return Ok(match own {
            Some(day) => Finding::Fine(format!("the operator's own, the last of {day}")),
            None => Finding::Note(
                "none: amounts in different currencies are not compared; corridor rates import FILE… reads the files of the European Central Bank and the Central Bank of Azerbaijan"
                    .to_owned(),
            ),
        });
    }
    let last = |it: &Coverage| format!("{} to {}", it.source, it.last);
    let all: Vec<String> = covered.iter().map(last).collect();
    let stale = covered.iter().filter(|it| it.is_stale(today)).map(last);
    let gaps = covered.iter().flat_map(|it| {
        let gap =
            move |(day, next): &(_, _)| format!("{} nothing between {day} and {next}", it.source);
        it.gaps.iter().map(gap)
    });
    let wrong: Vec<String> = stale
        .map(|it| format!("{it}, which is long ago"))
        .chain(gaps)
        .collect();
    Ok(if wrong.is_empty() {
        Finding::Fine(all.join(", "))
    } else {
        Finding::Note(format!(
            "{}: newer files, or historical ones, fill it: corridor rates import FILE…",
            wrong.join("; ")
        ))
    })
}

fn queue(conn: &mut Conn) -> db::Result<Finding> {
    let before = Utc::now() - TimeDelta::minutes(UNSERVED_MINUTES);
    if let Some((id, since)) = db::outbox::longest_unserved(conn, before)? {
        let counts = db::outbox::counts(conn)?;
        return Ok(Finding::Bad(format!(
            "our mail is not taken, at least since {}: see what GET /v1/messages/{id} says of it, and mend the server's settings, the sender's address or its DNS records; what waits goes out by itself then ({} given up, {} waiting, {} sent)",
            since.format("%F %R UTC"),
            counts.dead,
            counts.pending,
            counts.done
        )));
    }
    Ok(standing(&db::outbox::counts(conn)?))
}

fn standing(counts: &Counts) -> Finding {
    if counts.dead > 0 {
        return Finding::Bad(format!(
            "{} messages given up, {} waiting, {} sent: see GET /v1/messages?state=failed, mend the cause, then retry them there",
            counts.dead, counts.pending, counts.done
        ));
    }
    let late = counts.oldest_due.is_some_and(|due| Utc::now() - due > LATE);
    if late {
        return Finding::Note(format!(
            "{} messages wait, the oldest for more than {} minutes: is a server running, and can it reach the mail server?",
            counts.pending,
            LATE.num_minutes()
        ));
    }
    Finding::Fine(format!(
        "{} waiting, {} sent, none given up",
        counts.pending, counts.done
    ))
}

/// What came back of late.
fn bounces(conn: &mut Conn) -> db::Result<Finding> {
    let lately = Utc::now() - TimeDelta::days(REFUSED_DAYS);
    if let Some((id, since)) = db::bounces::refused_by_several(conn, lately)? {
        return Ok(Finding::Bad(format!(
            "several domains send our mail back for what they hold against us, at least since {}: see GET /v1/bounces?outcome=noted and /v1/messages/{id}, mend our signature, the sender's DNS records or the list we stand on, then retry what GET /v1/messages?state=bounced shows",
            since.format("%F %R UTC")
        )));
    }
    let counts = db::bounces::counts(conn, Utc::now() - TimeDelta::days(BOUNCE_DAYS))?;
    let all: Vec<String> = counts
        .iter()
        .map(|(outcome, count)| format!("{count} {outcome}"))
        .collect();
    let text = format!("in {BOUNCE_DAYS} days: {}", all.join(", "));
    let forged = counts.iter().any(|(it, _)| *it == BounceOutcome::Forged);
    Ok(if counts.is_empty() {
        Finding::Fine(format!("nothing came back in {BOUNCE_DAYS} days"))
    } else if forged {
        Finding::Note(format!(
            "{text}: what is forged came to an address that somebody made up, or that was written under another secrets.key"
        ))
    } else {
        Finding::Fine(text)
    })
}

/// What is restricted takes two people of compliance.
fn people(conn: &mut Conn) -> db::Result<Finding> {
    let filter = db::organizations::Filter {
        kind: Some(OrganizationKind::Operator),
        ..db::organizations::Filter::default()
    };
    let (mut compliance, mut curators) = (0, 0);
    for operator in db::organizations::list(conn, &filter, None, 10)? {
        for (_, role) in db::users::members(conn, operator.id)? {
            compliance += usize::from(role == Role::Compliance);
            curators += usize::from(role == Role::Curator);
        }
    }
    Ok(if curators == 0 {
        Finding::Note("nobody can run programmes yet: corridor admin invite --role admin EMAIL prints a link for the first of the operator's people, who invites the others".to_owned())
    } else if compliance < 2 {
        Finding::Note(format!(
            "{compliance} in compliance: restricted tags and lifting a freeze need two; invite more, or corridor admin invite --role compliance EMAIL"
        ))
    } else {
        Finding::Fine(format!("{curators} curators, {compliance} in compliance"))
    })
}
