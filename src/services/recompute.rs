//! The same explanation again: from the revisions, the rules and the grounds
//! that a match keeps, whatever has become of its records since.

use crate::db::matches::Filter;
use crate::db::page::Cursor;
use crate::db::{self, Conn};
use crate::domain::grounds::{Grounds, Standing, TaxonomyHash, Terms};
use crate::domain::ids::MatchId;
use crate::domain::mandate::Mandate;
use crate::domain::money::Rates;
use crate::domain::profile::StartupProfile;
use crate::domain::programme::{Programme, ProgrammeDetails};
use crate::domain::review::Match;
use crate::domain::scoring::Explanation;
use crate::matching::facts::{MandateFacts, Pair, PairFacts, Setting, StartupFacts};
use crate::matching::past::{Kept, Past};
use crate::matching::score::explain;

use super::{Error, disclosure, past};

/// What a pair's account was computed from beside its revisions and rules.
pub(super) fn grounds(
    setting: &Setting<'_>,
    startup: &StartupFacts<'_>,
    mandate: &MandateFacts<'_>,
    known: PairFacts,
    taxonomy: TaxonomyHash,
) -> Grounds {
    let details = &setting.programme.details;
    let (profile, wish) = (startup.profile, mandate.mandate);
    let cheque = wish.content.cheque.map(|cheque| cheque.currency);
    let round = profile.content.round.as_ref().map(|round| round.currency);
    let used = |currency| cheque == Some(currency) || round == Some(currency);
    Grounds {
        programme: Terms {
            status: setting.programme.status,
            corridors: details.corridors.clone(),
            scope_tags: details.scope_tags.clone(),
            starts_on: details.starts_on,
            ends_on: details.ends_on,
        },
        startup: Standing {
            country: profile.country,
            status: profile.status,
            reconfirm_by: profile.reconfirm_by,
            clearance: startup.clearance,
            frozen: startup.frozen,
            admitted: startup.admitted,
        },
        mandate: Standing {
            country: wish.country,
            status: wish.status,
            reconfirm_by: wish.reconfirm_by,
            clearance: mandate.clearance,
            frozen: mandate.frozen,
            admitted: mandate.admitted,
        },
        conflict: known.conflict,
        suppressed_until: known.suppressed_until,
        sensitivity_released: startup.sensitivity_released || known.sensitivity_released,
        rates: setting.rates.map(|rates| {
            let quotes = rates.nanos().filter(|(currency, _)| used(*currency));
            (rates.date, quotes.collect())
        }),
        taxonomy,
        observed: Pair::new(setting, startup, mandate, &known).observation(),
    }
}

/// Computes the explanation of a match again; none for a match from before
/// grounds were kept.
///
/// # Errors
/// A version that the match names is gone, which nothing in the service does.
pub fn explanation(conn: &mut Conn, matched: &Match) -> Result<Option<Explanation>, Error> {
    let Some(grounds) = db::matches::grounds(conn, matched.id)? else {
        return Ok(None);
    };
    let then = &matched.explanation;
    let now = disclosure::Pair::load(
        conn,
        matched.programme,
        matched.startup_profile,
        matched.mandate,
    )?;
    let gone = || Error::internal("a match names a version that is not stored");
    let said = db::startup_profiles::find_revision(conn, then.startup.0, then.startup.1)?;
    let wanted = db::mandates::find_revision(conn, then.mandate.0, then.mandate.1)?;
    let rules = db::rule_sets::find(conn, then.rule_set)?.ok_or_else(gone)?;
    let taxonomy = db::taxonomies::find(conn, &grounds.taxonomy)?.ok_or_else(gone)?;
    let profile = StartupProfile {
        content: said.ok_or_else(gone)?,
        revision: then.startup.1,
        country: grounds.startup.country,
        status: grounds.startup.status,
        reconfirm_by: grounds.startup.reconfirm_by,
        ..now.profile
    };
    let mandate = Mandate {
        content: wanted.ok_or_else(gone)?,
        revision: then.mandate.1,
        country: grounds.mandate.country,
        status: grounds.mandate.status,
        reconfirm_by: grounds.mandate.reconfirm_by,
        ..now.mandate
    };
    let programme = Programme {
        details: ProgrammeDetails {
            corridors: grounds.programme.corridors,
            scope_tags: grounds.programme.scope_tags,
            starts_on: grounds.programme.starts_on,
            ends_on: grounds.programme.ends_on,
            ..now.programme.details
        },
        status: grounds.programme.status,
        ..now.programme
    };
    let rates = grounds
        .rates
        .map(|(date, quotes)| Rates::of_nanos(date, quotes));
    let past = match (past::counted(&rules), grounds.observed) {
        (Some(rules), Some(observation)) => Some(Kept { rules, observation }),
        _ => None,
    };
    let setting = Setting {
        programme: &programme,
        rules: &rules,
        taxonomy: &taxonomy,
        rates: rates.as_ref(),
        today: then.as_of,
        past: past.as_ref().map(|past| past as &dyn Past),
    };
    let startup = StartupFacts {
        profile: &profile,
        clearance: grounds.startup.clearance,
        frozen: grounds.startup.frozen,
        admitted: grounds.startup.admitted,
        sensitivity_released: false,
    };
    let wish = MandateFacts {
        mandate: &mandate,
        clearance: grounds.mandate.clearance,
        frozen: grounds.mandate.frozen,
        admitted: grounds.mandate.admitted,
    };
    let known = PairFacts {
        conflict: grounds.conflict,
        suppressed_until: grounds.suppressed_until,
        sensitivity_released: grounds.sensitivity_released,
    };
    Ok(Some(explain(&setting, &startup, &wish, &known)))
}

/// What a check of all explanations found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Explanations that came out again to the byte.
    pub same: usize,
    /// Matches from before grounds were kept.
    pub older: usize,
    /// Matches whose explanation came out otherwise.
    pub other: Vec<MatchId>,
}

/// Computes the explanation of every match again.
///
/// # Errors
/// As [`explanation`].
pub fn check_all(conn: &mut Conn) -> Result<Report, Error> {
    const AT_ONCE: usize = 500;
    let mut report = Report::default();
    let mut after = None;
    loop {
        let page = db::matches::list(conn, &Filter::default(), after, AT_ONCE)?;
        for matched in page.iter().take(AT_ONCE) {
            match holds(conn, matched)? {
                Some(true) => report.same += 1,
                Some(false) => report.other.push(matched.id),
                None => report.older += 1,
            }
        }
        match page.get(AT_ONCE - 1) {
            Some(last) if page.len() > AT_ONCE => {
                after = Some(Cursor::at(last.created_at, last.id));
            }
            _ => return Ok(report),
        }
    }
}

/// Whether the stored explanation of a match comes out again to the byte; none
/// for a match from before grounds were kept.
///
/// # Errors
/// As [`explanation`].
pub fn holds(conn: &mut Conn, matched: &Match) -> Result<Option<bool>, Error> {
    let Some(again) = explanation(conn, matched)? else {
        return Ok(None);
    };
    let stored = db::matches::stored_explanation(conn, matched.id)?;
    Ok(Some(db::matches::canonical(&again)? == stored))
}
