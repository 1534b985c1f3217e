//! Startups to fill a store with: the same ones on every run.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, TimeDelta, Utc};
use corridor::db::{self, Conn, Db};
use corridor::domain::ids::{OrganizationId, StartupProfileId};
use corridor::domain::organization::{Organization, OrganizationDetails};
use corridor::domain::profile::{ProfileStatus, Round, StartupContent, StartupProfile};
use corridor::domain::text::{LocalText, Localized, TextState};
use corridor::domain::values::{OrganizationKind, Stage};
use uuid::Uuid;

use super::of;

/// Profiles that one transaction stores.
const BATCH: u32 = 2_000;

/// What every one of them says in a sentence.
pub const ONE_LINER: &str = "Finds leaks in city mains by sound before they show.";
/// And in a paragraph.
pub const SUMMARY: &str = "Sensors clipped to hydrants listen at night; a model that was \
    trained on nine years of recordings tells a leak from a pump and says where to dig, to \
    within two metres. Three utilities work with it, the largest for four years, and lose a \
    third less water than before.";

/// When the first of them came.
pub fn beginning() -> DateTime<Utc> {
    of("2026-06-01T08:00:00Z")
}

/// An id that sorts as it counts.
pub fn numbered(kind: u128, n: u32) -> Uuid {
    Uuid::from_u128((0x0197_0000_0000_7000_8000 << 48) | (kind << 40) | u128::from(n))
}

/// A firm.
pub fn organization(id: OrganizationId, kind: OrganizationKind, name: &str) -> Organization {
    Organization {
        id,
        details: OrganizationDetails {
            kind,
            legal_name: of(&format!("{name} Ltd")),
            trade_name: Some(of(name)),
            names: BTreeMap::new(),
            country: Some(of("IL")),
            website: None,
        },
        external_id: None,
        version: 1,
        created_at: beginning(),
        updated_at: beginning(),
    }
}

/// A published profile of that firm.
pub fn profile(organization: OrganizationId, n: u32) -> StartupProfile {
    let created_at = beginning() + TimeDelta::milliseconds(i64::from(n) * 7);
    StartupProfile {
        id: StartupProfileId::from(numbered(2, n)),
        organization,
        country: Some(of("IL")),
        content: content(),
        status: ProfileStatus::Published,
        claimed: true,
        revision: 1,
        version: 1,
        published_at: Some(created_at),
        reconfirm_by: Some(created_at.date_naive() + Days::new(900)),
        rejected_at: None,
        created_at,
        updated_at: created_at,
    }
}

/// What a startup that takes itself seriously says.
pub fn content() -> StartupContent {
    StartupContent {
        one_liner: english(ONE_LINER),
        summary: english(SUMMARY),
        primary_tags: BTreeSet::from([of("water_loss")]),
        stage: Some(Stage::Seed),
        markets_now: BTreeSet::from([of("IL")]),
        markets_wanted: BTreeSet::from([of("AZ"), of("GE")]),
        languages: BTreeSet::from([of("en"), of("he")]),
        deal_intents: BTreeSet::from([of("pilot_poc"), of("equity_abroad")]),
        round: Some(Round {
            currency: of("USD"),
            min: Some(100_000_000),
            target: 250_000_000,
            max: None,
            min_cheque: Some(10_000_000),
            instruments: BTreeSet::new(),
            lead_wanted: true,
            close_by: None,
        }),
        team_size: Some(14),
        ..StartupContent::default()
    }
}

fn english(text: &str) -> Localized {
    let text = LocalText {
        text: text.to_owned(),
        state: TextState::Original,
    };
    [(of("en"), text)].into_iter().collect()
}

/// Stores `count` profiles, all of one firm, which it answers.
pub fn fill(db: &Db, count: u32) -> Organization {
    let firm = organization(
        OrganizationId::from(numbered(1, 0)),
        OrganizationKind::Startup,
        "Tamar Flow",
    );
    let stored = firm.clone();
    let store = move |conn: &mut Conn| db::organizations::insert(conn, &stored);
    db.write_blocking(store).expect("the firm");
    let owner = firm.id;
    for first in (0..count).step_by(BATCH as usize) {
        let last = count.min(first + BATCH);
        let store = move |conn: &mut Conn| -> db::Result<()> {
            (first..last).try_for_each(|n| db::startup_profiles::insert(conn, &profile(owner, n)))
        };
        db.write_blocking(store).expect("profiles");
    }
    firm
}
