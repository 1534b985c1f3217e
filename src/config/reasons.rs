//! Reads the sentences for reasons from TOML (`config/reasons.toml`): nested
//! tables that end in texts by language.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::domain::tag::Labels;
use crate::domain::text::Language;
use crate::domain::wording::{Wording, WordingFault};

/// The shipped sentences, compiled in.
pub const DEFAULT: &str = include_str!("../../config/reasons.toml");

/// The wording of a file.
///
/// # Errors
/// Everything that is missing, unknown or misshapen, one to a line.
pub fn parse(text: &str) -> Result<Wording, String> {
    let mut file: Table = text.parse().map_err(|error| format!("{error}"))?;
    let machine = machine_languages(file.remove("machine"))?;
    let mut texts = BTreeMap::new();
    for (key, value) in &file {
        collect(key, value, &machine, &mut texts)?;
    }
    Wording::new(texts).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(WordingFault::to_string).collect();
        lines.join("\n")
    })
}

fn machine_languages(value: Option<Value>) -> Result<Vec<Language>, String> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let codes: Vec<String> = value
        .try_into()
        .map_err(|error| format!("machine: {error}"))?;
    codes.iter().map(|code| language("machine", code)).collect()
}

fn language(key: &str, code: &str) -> Result<Language, String> {
    code.parse()
        .map_err(|error| format!("{key}.{code}: {error}"))
}

/// Walks down to the tables whose values are texts and notes them by their
/// dotted key.
fn collect(
    key: &str,
    value: &Value,
    machine: &[Language],
    texts: &mut BTreeMap<String, Labels>,
) -> Result<(), String> {
    let Value::Table(table) = value else {
        return Err(format!("{key}: must be a table of texts by language"));
    };
    let mut labels = Labels {
        texts: BTreeMap::new(),
        machine: machine.to_vec(),
        human: Vec::new(),
    };
    for (name, value) in table {
        match value {
            Value::String(text) => {
                labels.texts.insert(language(key, name)?, text.clone());
            }
            deeper => collect(&format!("{key}.{name}"), deeper, machine, texts)?,
        }
    }
    if !labels.texts.is_empty() {
        texts.insert(key.to_owned(), labels);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reason::{Place, Reason, ReasonKey, Var};
    use crate::domain::scoring::{Factor, Gate};
    use crate::domain::wording::LANGUAGES;

    fn language(code: &str) -> Language {
        code.parse().expect("a language")
    }

    #[test]
    fn the_shipped_sentences_are_whole() {
        let wording = parse(DEFAULT).expect("the shipped file is sound");
        for code in LANGUAGES {
            let reader = language(code);
            for gate in Gate::ALL {
                assert_ne!(wording.gate(*gate, &reader), "–");
            }
            for factor in Factor::ALL {
                assert_ne!(wording.factor(*factor, &reader), "–");
            }
        }
    }

    #[test]
    fn codes_shares_days_and_amounts_are_written_for_people() {
        let wording = parse(DEFAULT).expect("the shipped file is sound");
        let taxonomy = crate::config::taxonomy::parse(crate::config::taxonomy::DEFAULT)
            .expect("the shipped file is sound");
        let usd = |minor| {
            let currency = "USD".parse().expect("a currency");
            Var::Money(crate::domain::money::Money::new(minor, currency))
        };
        let said = |reason: &Reason, code| wording.sentence(reason, &language(code), &taxonomy);

        let cheque = Reason::plain(ReasonKey::ChequeShare)
            .with(Place::ChequeMax, usd(25_000_000))
            .with(Place::Target, usd(100_000_050))
            .with(Place::Share, Var::Int(2_499));
        assert_eq!(
            said(&cheque, "en"),
            "A cheque of up to USD 250,000 can cover 25% of the round of USD 1,000,000.50."
        );
        let tags = Reason::plain(ReasonKey::TagsCommon)
            .with(Place::Tags, Var::codes(["water", "not_in_the_tree"]));
        assert_eq!(
            said(&tags, "he-IL"),
            "תחומים משותפים: מים והשקיה, not_in_the_tree."
        );
        let stage = Reason::plain(ReasonKey::StageSame)
            .with(Place::Stage, Var::codes(["series_a"]))
            .with(Place::Stages, Var::codes(["series_a"]));
        assert_eq!(
            said(&stage, "ru"),
            "Стартап на стадии, указанной в мандате: Серия A."
        );
        let nothing =
            Reason::plain(ReasonKey::BusinessModels).with(Place::Models, Var::codes([""; 0]));
        assert_eq!(said(&nothing, "az"), "Ortaq biznes modelləri: –.");
        // A reader of another language gets English.
        assert_eq!(said(&nothing, "fr"), "Business models in common: –.");
    }

    #[test]
    fn every_fault_is_named() {
        for (from, to, named) in [
            (
                "[gate.live.pass]",
                "[gate.live.past]",
                "gate.live.pass is missing",
            ),
            (
                "[gate.live.pass]",
                "[gate.live.past]",
                "gate.live.past is no key",
            ),
            (
                "until {date}.",
                "until {day}.",
                "{day}, which nothing fills",
            ),
            ("until {date}.", "for long.", "other places in he"),
            (
                "az = \"Dondurma yoxdur.\"",
                "",
                "gate.freeze.pass is missing in az",
            ),
            ("machine = [", "machine = [\"?\", ", "machine.?"),
            ("withdrawn = {", "withdrawn = 3 # {", "word.status"),
        ] {
            let text = DEFAULT.replacen(from, to, 1);
            assert_ne!(text, DEFAULT, "{from}");
            let error = parse(&text).expect_err(from);
            assert!(error.contains(named), "{named}: {error}");
        }
    }
}
