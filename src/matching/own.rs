//! What a startup brings to every pair. A list asks for it once.

use std::collections::BTreeSet;

use super::factors::tags::OwnTag;
use super::facts::Setting;
use crate::domain::profile::StartupProfile;
use crate::domain::tag::{Facet, Sensitivity};
use crate::domain::text::Slug;

/// What is the same for every mandate that a startup is held against.
#[derive(Debug, Clone)]
pub struct Own<'a> {
    pub(super) tags: Vec<OwnTag<'a>>,
    sensitivity: Sensitivity,
    /// Kinds of deal that move shares.
    equity: Vec<&'a Slug>,
}

impl<'a> Own<'a> {
    /// Looks it up.
    pub fn new(setting: &Setting<'_>, profile: &'a StartupProfile) -> Self {
        let taxonomy = setting.taxonomy;
        let content = &profile.content;
        let moves_shares = |intent: &&Slug| {
            let value = taxonomy.facet_value(Facet::DealIntent, intent);
            value.is_some_and(|value| value.equity)
        };
        Self {
            tags: OwnTag::all(setting, profile),
            sensitivity: content.sensitivity(taxonomy),
            equity: content.deal_intents.iter().filter(moves_shares).collect(),
        }
    }

    /// How carefully the most sensitive of its tags is handled.
    pub const fn sensitivity(&self) -> Sensitivity {
        self.sensitivity
    }

    /// Whether a kind of deal that both want moves shares.
    pub(super) fn meets_for_shares(&self, wanted: &BTreeSet<Slug>) -> bool {
        self.equity.iter().any(|intent| wanted.contains(*intent))
    }
}
