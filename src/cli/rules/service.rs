//! Rules beside a programme of the service: what its people did to learn from,
//! and what other rules would change there.

use std::fmt::Write as _;

use super::super::Failure;
use crate::config::Config;
use crate::db::programmes;
use crate::domain::ids::OrganizationId;
use crate::domain::programme::Programme;
use crate::domain::rule_set::Exposure;
use crate::domain::scoring::RuleSet;
use crate::domain::text::Slug;
use crate::matching::deals::Corpus;
use crate::matching::rules::validate;
use crate::matching::simulation::Difference;
use crate::services::{Clock, Context, Error, past, simulation};
use crate::startup::{context, open_existing_store};

/// Of each list so many are compared.
const TOP: usize = 10;
/// So many who gain and who lose are named.
const NAMED: usize = 5;

/// A programme in the store.
pub(super) struct Beside {
    context: Context,
    programme: Programme,
}

impl Beside {
    /// Opens the store and looks the programme up.
    pub(super) async fn open(config: &Config, slug: &Slug) -> Result<Self, Failure> {
        let db = open_existing_store(config)?;
        let url = config.server.public_url_at(config.server.listen);
        let context = context(config, db, Clock::System, url).await?;
        let wanted = slug.clone();
        let found = context
            .db
            .read(move |conn| programmes::find_by_slug(conn, &wanted))
            .await
            .map_err(Failure::new)?;
        let programme = found
            .ok_or_else(|| Failure::usage(format!("--programme: there is no programme {slug}")))?;
        Ok(Self { context, programme })
    }

    /// What investors did: imported investments, and what came of pairs here,
    /// in every programme.
    pub(super) async fn corpus(&self) -> Result<Corpus, Failure> {
        let context = self.context.clone();
        let read = move |conn: &mut crate::db::Conn| past::before(&context, conn, None);
        Ok(self.context.db.read(read).await?.corpus)
    }

    /// What these rules would change in the programme.
    pub(super) async fn simulate(&self, rules: &RuleSet) -> Result<String, Failure> {
        if let Err(faults) = validate(rules, &self.context.taxonomy()) {
            let faults = faults.into_vec().into_iter();
            let lines: Vec<String> = faults
                .map(|fault| format!("{}: {}", fault.pointer, fault.detail))
                .collect();
            return Err(Failure::usage(lines.join("\n")));
        }
        let (context, rules, id) = (self.context.clone(), rules.clone(), self.programme.id);
        let found = self.context.db.read(move |conn| {
            let found = simulation::beside(&context, conn, id, &rules, TOP)?;
            let firms: Vec<OrganizationId> = found
                .0
                .exposure
                .iter()
                .map(|exposure| exposure.investor)
                .collect();
            let names = simulation::names_of(conn, &firms)?;
            let name = |one: &Exposure| names.get(&one.investor).cloned().unwrap_or_default();
            let named = found.0.exposure.iter();
            let named: Vec<(String, Exposure)> = named.map(|one| (name(one), *one)).collect();
            Ok::<_, Error>((found, named))
        });
        let ((difference, startups, of), named) = found.await?;
        let slug = &self.programme.details.slug;
        Ok(text(slug, &difference, (startups, of), &named))
    }

    /// Closes the store.
    pub(super) async fn close(self) {
        self.context.db.close().await;
    }
}

/// The report. Writing to a string cannot fail.
fn text(
    slug: &Slug,
    difference: &Difference,
    (startups, of): (i64, i64),
    named: &[(String, Exposure)],
) -> String {
    let mut out = String::new();
    let tally = difference.tally;
    let _ = writeln!(
        out,
        "\nBeside what {slug} matches by now (the best {TOP} of {startups} startups of {of})\n  \
         matches  {} appear, {} vanish, {} move, {} stay",
        tally.appears, tally.vanishes, tally.moves, tally.stays,
    );
    let (before, after) = (difference.before, difference.after);
    let _ = writeln!(
        out,
        "  share of the top three  {} → {}\n  Gini of exposure        {} → {}",
        percent(before.top_three),
        percent(after.top_three),
        percent(before.gini),
        percent(after.gini),
    );
    let gains = named.iter().filter(|(_, one)| one.after > one.before);
    let losses = named.iter().rev().filter(|(_, one)| one.after < one.before);
    list(&mut out, "gain", gains);
    list(&mut out, "lose", losses);
    out
}

fn list<'a>(out: &mut String, what: &str, some: impl Iterator<Item = &'a (String, Exposure)>) {
    for (place, (name, one)) in some.take(NAMED).enumerate() {
        let title = if place == 0 { what } else { "" };
        let _ = writeln!(out, "  {title:<7} {} → {}  {name}", one.before, one.after);
    }
}

/// Basis points as percent with one digit.
fn percent(bp: i64) -> String {
    format!("{}.{} %", bp / 100, bp % 100 / 10)
}
