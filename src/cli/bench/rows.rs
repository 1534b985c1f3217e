//! `corridor bench rows`: invented firms, as many as wanted, in Corridor's own
//! form, so that anybody can measure an import again. The names are made of
//! words of all scripts of the corridor and of a number, spelled; the contents
//! are those of the demo's firms, in turn. The same count and seed make the same
//! file.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, ErrorKind, Write};

use clap::{Args, ValueEnum};
use uuid::Uuid;

use super::super::Failure;
use super::super::demo::data::{DEFAULT, MandateEntry, StartupEntry, parse};
use crate::domain::mandate::MandateContent;
use crate::domain::profile::StartupContent;
use crate::domain::values::OrganizationKind;
use crate::http::api::mandates::MandateDocument;
use crate::http::api::startup_profiles::StartupProfileDocument;
use crate::http::files::rows::{FirmDetails, FirmDocument};

/// What file to make.
#[derive(Debug, Clone, Args)]
pub struct RowsArgs {
    /// Rows
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    pub count: u32,
    /// Of what firms
    #[arg(long, value_enum, default_value_t = Of::Startups)]
    pub of: Of,
    /// Another one makes other firms
    #[arg(long, default_value_t = 2_026)]
    pub seed: u32,
}

/// Firms of which rows are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Of {
    /// With profiles
    Startups,
    /// With mandates
    Investors,
    /// Nine startups and an investor, in turn
    Both,
}

/// Words of one script that names are made of.
struct Script {
    /// The language whose names stand so.
    language: &'static str,
    country: &'static str,
    first: [&'static str; 8],
    second: [&'static str; 8],
    syllables: [&'static str; 8],
    form: &'static str,
}

const SCRIPTS: [Script; 4] = [
    Script {
        language: "en",
        country: "IL",
        first: [
            "Tamar", "Negev", "Galil", "Carmel", "Arad", "Kinneret", "Hermon", "Sharon",
        ],
        second: [
            "Flow", "Sun", "Robotics", "Medical", "Sensors", "Genomics", "Optics", "Foods",
        ],
        syllables: ["ba", "de", "gi", "ko", "lu", "ma", "ne", "ro"],
        form: "Ltd",
    },
    Script {
        language: "az",
        country: "AZ",
        first: [
            "Xəzər",
            "Qarabağ",
            "Şəki",
            "Gəncə",
            "Naftalan",
            "Lənkəran",
            "Şamaxı",
            "Göygöl",
        ],
        second: [
            "Texnologiya",
            "Logistika",
            "Enerji",
            "Kənd",
            "Günəş",
            "Sağlamlıq",
            "Ərzaq",
            "Rəqəm",
        ],
        syllables: ["bə", "çi", "ğu", "kö", "lı", "mü", "nə", "şa"],
        form: "MMC",
    },
    Script {
        language: "he",
        country: "IL",
        first: ["תמר", "נגב", "גליל", "כרמל", "ערד", "כנרת", "חרמון", "שרון"],
        second: [
            "זרימה",
            "שמש",
            "רובוטיקה",
            "רפואה",
            "חיישנים",
            "גנטיקה",
            "אופטיקה",
            "מזון",
        ],
        syllables: ["בא", "דה", "גי", "קו", "לו", "מא", "נה", "רו"],
        form: "בע״מ",
    },
    Script {
        language: "ru",
        country: "AZ",
        first: [
            "Каспий",
            "Шемаха",
            "Апшерон",
            "Кура",
            "Аракс",
            "Мугань",
            "Ширван",
            "Талыш",
        ],
        second: [
            "Аграр",
            "Софт",
            "Солнце",
            "Сенсор",
            "Медика",
            "Логистика",
            "Энергия",
            "Данные",
        ],
        syllables: ["ба", "де", "ги", "ко", "лу", "ма", "не", "ро"],
        form: "ООО",
    },
];

/// Writes the rows to standard output.
pub(super) fn run(args: &RowsArgs) -> Result<(), Failure> {
    let mut to = BufWriter::new(io::stdout().lock());
    for line in Maker::new(args)? {
        if let Err(error) = to.write_all(line?.as_bytes()) {
            return told(error);
        }
    }
    to.flush().or_else(told)
}

/// Whoever reads only the first lines has seen what they wanted.
fn told(error: io::Error) -> Result<(), Failure> {
    match error.kind() {
        ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::new(error)),
    }
}

/// Makes one row after the other, each with its line break.
pub struct Maker {
    args: RowsArgs,
    next: u32,
    profiles: Vec<StartupContent>,
    mandates: Vec<MandateContent>,
}

impl Maker {
    /// Of the demo's contents.
    ///
    /// # Errors
    /// The demo's file is damaged.
    pub fn new(args: &RowsArgs) -> Result<Self, Failure> {
        let demo = parse(DEFAULT).map_err(Failure::new)?;
        let profiles = demo.startups.iter().map(StartupEntry::content);
        let mandates = demo.investors.iter().flat_map(|entry| &entry.mandates);
        let mandates = mandates.map(MandateEntry::content);
        Ok(Self {
            args: args.clone(),
            next: 0,
            profiles: profiles.collect::<Result<_, _>>().map_err(Failure::new)?,
            mandates: mandates.collect::<Result<_, _>>().map_err(Failure::new)?,
        })
    }

    fn row(&self, number: u32) -> Option<FirmDocument> {
        let chance = mixed(self.args.seed, number);
        let script = nth(&SCRIPTS, chance)?;
        let is_investor = match self.args.of {
            Of::Startups => false,
            Of::Investors => true,
            Of::Both => number % 10 == 9,
        };
        let (mut profile, mut mandate) = (None, None);
        let kind = if is_investor {
            let content = nth(&self.mandates, chance >> 8)?;
            mandate = Some(MandateDocument {
                organization: None,
                ..MandateDocument::of(Uuid::nil().into(), content)
            });
            OrganizationKind::Investor
        } else {
            let content = StartupContent {
                team_size: Some(1 + (chance >> 16) % 200),
                ..nth(&self.profiles, chance >> 8)?.clone()
            };
            profile = Some(StartupProfileDocument {
                organization: None,
                ..StartupProfileDocument::of(Uuid::nil().into(), &content)
            });
            OrganizationKind::Startup
        };
        let seed = self.args.seed;
        Some(FirmDocument {
            external_id: format!("made-{seed}-{number}"),
            organization: FirmDetails {
                external_id: None,
                kind: kind.code().to_owned(),
                legal_name: format!("{} {}", name(script, number, chance)?, script.form),
                trade_name: None,
                names: other_names(script, number, chance),
                country: Some(script.country.to_owned()),
                website: Some(format!("https://made-{seed}-{number}.example")),
            },
            identifiers: None,
            // Nobody is to be written to.
            contact: None,
            startup_profile: profile,
            mandate,
            investor_profile: None,
            source_tags: Vec::new(),
            derived: false,
            record: None,
        })
    }
}

impl Iterator for Maker {
    type Item = Result<String, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.next;
        if number >= self.args.count {
            return None;
        }
        self.next += 1;
        let row = self.row(number)?;
        let line = serde_json::to_string(&row).map_err(Failure::new);
        Some(line.map(|line| line + "\n"))
    }
}

/// Two words and the number as a word of its own.
fn name(script: &Script, number: u32, chance: u32) -> Option<String> {
    let first = nth(&script.first, chance >> 3)?;
    let second = nth(&script.second, chance >> 6)?;
    Some(format!("{first} {second} {}", spelled(script, number)))
}

/// One firm of three has its name in another script as well.
fn other_names(script: &Script, number: u32, chance: u32) -> BTreeMap<String, String> {
    let other = nth(&SCRIPTS, chance >> 20).filter(|_| number.is_multiple_of(3));
    let other = other.filter(|other| other.language != script.language);
    let named = other.and_then(|other| {
        let name = name(other, number, chance)?;
        Some((other.language.to_owned(), name))
    });
    named.into_iter().collect()
}

fn spelled(script: &Script, mut number: u32) -> String {
    let mut word = String::new();
    loop {
        word.extend(nth(&script.syllables, number % 8).copied());
        number /= 8;
        if number == 0 {
            return word;
        }
    }
}

fn nth<T>(all: &[T], number: u32) -> Option<&T> {
    let place = usize::try_from(number).ok()?.checked_rem(all.len())?;
    all.get(place)
}

/// Bits that look like chance (the finaliser of `MurmurHash3`).
const fn mixed(seed: u32, number: u32) -> u32 {
    let mut bits = seed.wrapping_mul(0x9e37_79b1) ^ number;
    bits ^= bits >> 16;
    bits = bits.wrapping_mul(0x85eb_ca6b);
    bits ^= bits >> 13;
    bits = bits.wrapping_mul(0xc2b2_ae35);
    bits ^ (bits >> 16)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn made(of: Of) -> Vec<serde_json::Value> {
        let args = RowsArgs {
            count: 500,
            of,
            seed: 1,
        };
        let lines = Maker::new(&args).unwrap();
        lines
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
            .collect()
    }

    #[test]
    fn rows_are_firms_of_all_scripts_each_with_a_name_of_its_own() {
        let rows = made(Of::Both);
        let names: BTreeSet<_> = rows
            .iter()
            .map(|row| row["organization"]["legal_name"].as_str().unwrap())
            .collect();
        assert_eq!(names.len(), 500);
        for form in SCRIPTS.map(|script| script.form) {
            let so = names.iter().filter(|name| name.ends_with(form));
            assert!(so.count() > 80, "{form}");
        }
        let mandates = rows.iter().filter(|row| row.get("mandate").is_some());
        assert_eq!(mandates.count(), 50);
        assert_eq!(made(Of::Both), rows);
    }

    #[test]
    fn each_can_be_read_again() {
        for of in [Of::Startups, Of::Investors] {
            let rows = made(of);
            assert_eq!(rows.len(), 500);
            for row in rows {
                serde_json::from_value::<FirmDocument>(row).unwrap();
            }
        }
    }
}
