//! Reads a rule set from TOML (`config/scoring.toml`). Whether its values make
//! sense is for [`crate::matching`] to say; this says whether it is complete
//! and well-formed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use super::revealed::{self, RevealedPart};
use crate::domain::ids::RuleSetId;
use crate::domain::scoring::{Bands, Curve, Factor, RoleValues, RuleSet, TagValues};

/// The default rules, compiled in.
pub const DEFAULT: &str = include_str!("../../config/scoring.toml");

/// The rules fitted on market data, compiled in.
pub const MARKET: &str = include_str!("../../config/scoring.market.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    gates: Gates,
    weights: BTreeMap<String, i64>,
    tags: Tags,
    curves: Curves,
    values: Values,
    bands: BandsOfFile,
    summary: Summary,
    revealed: Option<RevealedPart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gates {
    max_stage_distance: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tags {
    same: i64,
    parent: i64,
    child: i64,
    sibling: i64,
    wanted: [i64; 3],
    primary_times: i64,
    #[serde(default)]
    idf: bool,
    #[serde(default)]
    rarity: BTreeMap<String, i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Curves {
    stage: Vec<(i64, i64)>,
    cheque: Vec<(i64, i64)>,
    recency: Vec<(i64, i64)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    cheque_flexible: i64,
    market_opened: i64,
    market_present: i64,
    language_common: i64,
    lead_wanted: Roles,
    lead_not_wanted: Roles,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    lead: i64,
    co: i64,
    follow: i64,
    any: i64,
}

impl From<Roles> for RoleValues {
    fn from(roles: Roles) -> Self {
        let Roles {
            lead,
            co,
            follow,
            any,
        } = roles;
        Self {
            lead,
            co,
            follow,
            any,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BandsOfFile {
    strong: i64,
    good: i64,
    possible: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Summary {
    strength_from: i64,
    risk_to: i64,
}

/// The rule set of a file, under the id it is to have.
///
/// # Errors
/// What is unknown, missing or of the wrong form, for a person.
pub fn parse(text: &str, id: RuleSetId) -> Result<RuleSet, String> {
    let File {
        name,
        gates,
        weights,
        tags,
        curves,
        values,
        bands,
        summary,
        revealed,
    } = toml::from_str(text).map_err(|error| error.to_string())?;

    Ok(RuleSet {
        id,
        name,
        weights: factors(weights)?,
        max_stage_distance: gates.max_stage_distance,
        tag_values: TagValues {
            same: tags.same,
            parent: tags.parent,
            child: tags.child,
            sibling: tags.sibling,
        },
        tag_weights: tags.wanted,
        primary_times: tags.primary_times,
        idf: tags.idf,
        rarity: tags
            .rarity
            .into_iter()
            .map(|(slug, share)| match slug.parse() {
                Ok(slug) => Ok((slug, share)),
                Err(error) => Err(format!("tags.rarity.{slug}: {error}")),
            })
            .collect::<Result<_, String>>()?,
        stage: curve("stage", curves.stage)?,
        cheque: curve("cheque", curves.cheque)?,
        cheque_flexible: values.cheque_flexible,
        market_opened: values.market_opened,
        market_present: values.market_present,
        lead_wanted: values.lead_wanted.into(),
        lead_not_wanted: values.lead_not_wanted.into(),
        language_common: values.language_common,
        recency: curve("recency", curves.recency)?,
        bands: Bands {
            strong: bands.strong,
            good: bands.good,
            possible: bands.possible,
        },
        strength_from: summary.strength_from,
        risk_to: summary.risk_to,
        revealed: revealed.map(revealed::read).transpose()?,
    })
}

/// Writes a rule set as a file that [`parse`] reads; the same rules give the
/// same bytes.
pub fn render(rules: &RuleSet) -> String {
    let mut out = String::new();
    let roles = |values: RoleValues| {
        let RoleValues {
            lead,
            co,
            follow,
            any,
        } = values;
        format!("{{ lead = {lead}, co = {co}, follow = {follow}, any = {any} }}")
    };
    let listed = |entries: Vec<String>| entries.join("\n");
    let TagValues {
        same,
        parent,
        child,
        sibling,
    } = rules.tag_values;
    let [once, twice, thrice] = rules.tag_weights;
    let Bands {
        strong,
        good,
        possible,
    } = rules.bands;
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "# A rule set; config/scoring.toml says what everything means.\n\n\
         name = {name}\n\n\
         [gates]\nmax_stage_distance = {distance}\n\n\
         [weights]\n{weights}\n\n\
         [tags]\nsame = {same}\nparent = {parent}\nchild = {child}\nsibling = {sibling}\n\
         wanted = [{once}, {twice}, {thrice}]\nprimary_times = {primary}\n{idf}\n\
         [tags.rarity]\n{rarity}\n\n\
         [curves]\nstage = {stage}\ncheque = {cheque}\nrecency = {recency}\n\n\
         [values]\ncheque_flexible = {flexible}\nmarket_opened = {opened}\n\
         market_present = {present}\nlanguage_common = {language}\n\
         lead_wanted = {lead_wanted}\nlead_not_wanted = {lead_not_wanted}\n\n\
         [bands]\nstrong = {strong}\ngood = {good}\npossible = {possible}\n\n\
         [summary]\nstrength_from = {strength}\nrisk_to = {risk}\n",
        name = toml::Value::from(rules.name.as_str()),
        distance = rules.max_stage_distance,
        weights = listed(
            Factor::ALL
                .iter()
                .filter_map(|factor| Some(format!("{factor} = {}", rules.weights.get(factor)?)))
                .collect()
        ),
        primary = rules.primary_times,
        // Rules from before it was known are kept as they were written.
        idf = if rules.idf { "idf = true\n" } else { "" },
        rarity = listed(
            rules
                .rarity
                .iter()
                .map(|(tag, share)| format!("{tag} = {share}"))
                .collect()
        ),
        stage = revealed::points(&rules.stage),
        cheque = revealed::points(&rules.cheque),
        recency = revealed::points(&rules.recency),
        flexible = rules.cheque_flexible,
        opened = rules.market_opened,
        present = rules.market_present,
        language = rules.language_common,
        lead_wanted = roles(rules.lead_wanted),
        lead_not_wanted = roles(rules.lead_not_wanted),
        strength = rules.strength_from,
        risk = rules.risk_to,
    );
    if let Some(revealed) = &rules.revealed {
        revealed::write(&mut out, revealed);
    }
    out
}

fn factors(weights: BTreeMap<String, i64>) -> Result<BTreeMap<Factor, i64>, String> {
    weights
        .into_iter()
        .map(|(code, weight)| {
            Factor::from_code(&code)
                .map(|factor| (factor, weight))
                .ok_or_else(|| format!("weights.{code}: there is no such factor"))
        })
        .collect()
}

fn curve(name: &str, points: Vec<(i64, i64)>) -> Result<Curve, String> {
    Curve::new(points)
        .ok_or_else(|| format!("curves.{name}: needs at least one point, and ascending x"))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn read(text: &str) -> Result<RuleSet, String> {
        parse(text, Uuid::nil().into())
    }

    #[test]
    fn the_shipped_rules_are_those_of_the_domain() {
        let rules = read(DEFAULT).expect("the shipped file is well-formed");
        let weight = |factor| rules.weights.get(&factor).copied();
        assert_eq!(weight(Factor::Tags), Some(2_800));
        assert_eq!(weight(Factor::RevealedPreference), Some(0));
        assert_eq!(rules.weights.len(), Factor::ALL.len());
        assert_eq!(rules.weights.values().sum::<i64>(), 10_000);
        assert_eq!(rules.lead_not_wanted.lead, 7_000);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in [DEFAULT, MARKET] {
            let mut rules = read(text).expect("the shipped file is well-formed");
            rules.rarity = BTreeMap::from([("water".parse().expect("a slug"), 12_000)]);
            assert_eq!(read(&render(&rules)), Ok(rules));
        }
    }

    #[test]
    fn the_market_rules_count_past_deals_only() {
        let rules = read(MARKET).expect("the shipped file is well-formed");
        let weight = rules.weights.get(&Factor::RevealedPreference);
        assert_eq!(weight, Some(&10_000));
        let revealed = rules.revealed.expect("there");
        assert_eq!(revealed.weights.values().sum::<i64>(), 10_000);
        let text = MARKET.replacen("pace = ", "luck = ", 1);
        assert!(read(&text).is_err_and(|error| error.contains("luck")));
    }

    #[test]
    fn what_is_unknown_or_misshapen_is_named() {
        for (from, to, named) in [
            ("language = 200", "luck = 200", "luck"),
            ("[0, 10000], [1, 5000]", "[1, 10000], [1, 5000]", "stage"),
            ("primary_times = 2", "primary_times = 2\nlucky = 1", "lucky"),
            ("strong = 7500", "", "strong"),
            (
                "[tags.rarity]",
                "[tags.rarity]\n\"Bad Slug\" = 1",
                "Bad Slug",
            ),
        ] {
            let text = DEFAULT.replacen(from, to, 1);
            assert_ne!(text, DEFAULT, "{from}");
            let error = read(&text).expect_err(from);
            assert!(error.contains(named), "{error}");
        }
    }
}
