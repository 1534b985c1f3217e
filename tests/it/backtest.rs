//! `corridor backtest` and `corridor rules fit`, from the outside, on an
//! invented market: investors with a home, a favourite subject and a usual
//! cheque, whom most startups of that kind find.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::program::{self, Ended, bare};

const INVESTORS: usize = 60;
const STARTUPS: usize = 700;
const COUNTRIES: [(&str, [&str; 2]); 3] = [
    ("ISR", ["tel aviv", "haifa"]),
    ("AZE", ["baku", "ganja"]),
    ("USA", ["boston", "austin"]),
];
const TAGS: [&str; 6] = [
    "water",
    "energy",
    "health",
    "games",
    "security",
    "education",
];
const STAGES: [(&str, u32); 3] = [
    ("angel/seed", 100_000),
    ("series-a", 2_000_000),
    ("series-b", 9_000_000),
];

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// The files of a market, a line each.
struct Market {
    startups: Vec<String>,
    investors: Vec<String>,
    /// Startup, investor, date, the rest.
    deals: Vec<(String, String, String, String)>,
}

/// The files of an invented market.
pub fn a_market() -> TempDir {
    market().folder()
}

fn market() -> Market {
    let mut dice = Dice(8);
    let taste = |number: usize| {
        let (country, cities) = COUNTRIES[number % 3];
        (
            country,
            cities[number / 3 % 2],
            TAGS[number % 6],
            STAGES[number / 6 % 3],
        )
    };
    let investors = (0..INVESTORS)
        .map(|number| {
            let (country, city, ..) = taste(number);
            let office = if number % 4 == 0 {
                String::new()
            } else {
                format!("{country},{city},{city}")
            };
            let office = if office.is_empty() {
                ",,".to_owned()
            } else {
                office
            };
            format!("i{number:03},Fund {number},{office}")
        })
        .collect();
    let mut startups = Vec::new();
    let mut deals = Vec::new();
    for number in 0..STARTUPS {
        let kind = dice.below(INVESTORS);
        let (country, city, tag, (stage, amount)) = taste(kind);
        let second = TAGS[dice.below(6)];
        let (year, month) = (2006 + number * 7 / STARTUPS, 1 + dice.below(12));
        let date = format!("{year}-{month:02}-{:02}", 1 + dice.below(28));
        let amount = if dice.chance(10) {
            String::new()
        } else {
            format!(
                "{}.0",
                amount + 1_000 * u32::try_from(dice.below(5)).unwrap()
            )
        };
        let stage = if dice.chance(20) { "" } else { stage };
        let id = format!("s{number:04}");
        startups.push(format!(
            "{id},Startup {number},{tag};{second},{country},{city},{city},{stage},{amount},{date}"
        ));
        for other in 0..INVESTORS {
            let near = taste(other);
            let likely = match (near.0 == country, near.2 == tag, near.3.0 == stage) {
                _ if other == kind => 70,
                (true, true, true) => 20,
                (true, true, _) => 6,
                _ => usize::from(other < 3),
            };
            if dice.chance(likely) {
                deals.push((
                    id.clone(),
                    format!("i{other:03}"),
                    date.clone(),
                    format!("1,{stage},{amount}"),
                ));
            }
        }
    }
    Market {
        startups,
        investors,
        deals,
    }
}

impl Market {
    fn write(&self, folder: &Path) {
        let lines = |header: &str, lines: &[String]| format!("{header}\n{}\n", lines.join("\n"));
        let mut deals = "startup_id,investor_id,date,round,stage,amount\n".to_owned();
        for (startup, investor, date, rest) in &self.deals {
            writeln!(deals, "{startup},{investor},{date},{rest}").unwrap();
        }
        let startups = "id,name,tags,country,region,city,first_stage,amount,first_funding";
        fs::write(folder.join("startups.csv"), lines(startups, &self.startups)).unwrap();
        fs::write(
            folder.join("investors.csv"),
            lines("id,name,country,region,city", &self.investors),
        )
        .unwrap();
        fs::write(folder.join("investments.csv"), deals).unwrap();
    }

    fn folder(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        self.write(folder.path());
        folder
    }
}

fn run(command: &mut Command) -> Ended {
    program::run(command, &[""; 0])
}

fn backtest(data: &Path, more: &[&str]) -> Ended {
    run(backtest_command(data)
        .args(["--train-until", "2011-01-01", "--test-until", "2012-01-01"])
        .args(more))
}

fn backtest_command(data: &Path) -> Command {
    let mut command = bare();
    command.arg("backtest").arg("--data").arg(data);
    command
}

fn json(ended: Ended) -> Value {
    serde_json::from_str(&ended.ok()).unwrap()
}

fn ndcg(report: &Value, system: &str) -> f64 {
    report["systems"][system]["ndcg_20"]["mean"]
        .as_f64()
        .unwrap()
}

#[test]
fn rules_are_measured_beside_the_baselines() {
    let market = market();
    let data = market.folder();
    let report = json(backtest(data.path(), &["--format", "json"]));

    let window = |date: &str| ("2011-01-01".."2012-01-01").contains(&date);
    let known: BTreeSet<&str> = market
        .deals
        .iter()
        .filter(|deal| deal.2.as_str() < "2011")
        .map(|deal| deal.1.as_str())
        .collect();
    let funded: BTreeSet<&str> = market
        .deals
        .iter()
        .filter(|deal| window(&deal.2) && known.contains(deal.1.as_str()))
        .map(|deal| deal.0.as_str())
        .collect();
    assert_eq!(report["candidates"], known.len());
    assert_eq!(report["measured"], funded.len());

    assert_eq!(report["systems"].as_object().unwrap().len(), 5);
    let rules = ndcg(&report, "rules");
    for baseline in [
        "random",
        "popularity",
        "popularity_12_months",
        "plain_rules",
    ] {
        assert!(
            rules > ndcg(&report, baseline) + 0.1,
            "{baseline}: {report:#}"
        );
    }
    let better = &report["difference_to_best_baseline"]["ndcg_20"];
    assert!(better["low"].as_f64().unwrap() > 0.0, "{better}");
    for factor in report["factors"].as_array().unwrap() {
        let without = factor["without"]["ndcg_20"]["mean"].as_f64().unwrap();
        let gain = factor["gain"]["ndcg_20"]["mean"].as_f64().unwrap();
        assert!((rules - without - gain).abs() < 1e-5, "{factor}");
    }

    let table = backtest(data.path(), &[]).ok();
    for word in [
        "Recall@20",
        "NDCG@20",
        "popularity_12_months",
        "rules",
        "alike",
    ] {
        assert!(table.contains(word), "{table}");
    }
}

/// What `--predictions` wrote: the investors by startup.
fn predictions(data: &Path, more: &[&str]) -> (String, BTreeMap<String, Vec<String>>) {
    let file = data.join("predictions.jsonl");
    let mut options = vec!["--predictions", file.to_str().unwrap()];
    options.extend(more);
    backtest(data, &options).ok();
    let text = fs::read_to_string(&file).unwrap();
    let read = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| {
            let ids = line["investors"].as_array().unwrap();
            let ids = ids
                .iter()
                .map(|id| id.as_str().unwrap().to_owned())
                .collect();
            (line["startup_id"].as_str().unwrap().to_owned(), ids)
        })
        .collect();
    (text, read)
}

#[test]
fn predictions_name_every_startup_of_the_window_and_each_investor_once() {
    let market = market();
    let data = market.folder();
    let (_, found) = predictions(data.path(), &[]);
    let asked: BTreeSet<&str> = market
        .startups
        .iter()
        .filter(|line| line.rsplit(',').next().unwrap().starts_with("2011"))
        .map(|line| &line[..5])
        .collect();
    assert_eq!(
        found.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        asked
    );
    for investors in found.values() {
        let different: BTreeSet<&String> = investors.iter().collect();
        assert_eq!((investors.len(), different.len()), (INVESTORS, INVESTORS));
    }

    let (_, tail) = predictions(data.path(), &["--without-head", "10"]);
    assert!(
        tail.values()
            .all(|investors| investors.len() == INVESTORS - 10)
    );
    let (_, hidden) = predictions(data.path(), &["--hide", "amount,stage,tags"]);
    assert_ne!(hidden, found);
}

#[test]
fn nothing_from_the_day_on_is_looked_at() {
    let mut market = market();
    let data = market.folder();
    let (before, _) = predictions(data.path(), &["--hide", "amount"]);

    // Other investors, other sums, other stages, and deals that never were.
    let mut dice = Dice(99);
    for deal in market
        .deals
        .iter_mut()
        .filter(|deal| deal.2.as_str() >= "2011-01-01")
    {
        deal.1 = format!("i{:03}", dice.below(INVESTORS));
        deal.2 = format!("2011-{:02}-01", 1 + dice.below(12));
        deal.3 = format!("1,series-b,{}", 1 + dice.below(9_000_000));
    }
    let past: Vec<String> = market
        .startups
        .iter()
        .take(300)
        .map(|line| line[..5].to_owned())
        .collect();
    for startup in past {
        let investor = format!("i{:03}", dice.below(INVESTORS));
        market.deals.push((
            startup,
            investor,
            "2011-01-01".to_owned(),
            "2,series-b,7000000".to_owned(),
        ));
    }
    for line in &mut market.startups {
        if line.rsplit(',').next().unwrap() >= "2012" {
            *line = line.replace("water", "games");
        }
    }
    market.deals.reverse();
    market.startups.reverse();
    market.write(data.path());
    let (after, _) = predictions(data.path(), &["--hide", "amount"]);
    assert!(before == after, "the answers changed with the future");
}

#[test]
fn every_fault_is_named() {
    let data = market().folder();
    let err = run(backtest_command(data.path()).args([
        "--train-until",
        "2011-13-01",
        "--test-until",
        "soon",
        "--hide",
        "luck,amount,fame",
    ]))
    .fails_with(2);
    for named in ["2011-13-01", "soon", "luck", "fame"] {
        assert!(err.contains(named), "{err}");
    }
    let err = run(backtest_command(data.path()).args([
        "--train-until",
        "2011-01-01",
        "--test-until",
        "2011-01-01",
    ]))
    .fails_with(2);
    assert!(err.contains("later"), "{err}");
    let err = run(backtest_command(data.path()).args([
        "--train-until",
        "1990-01-01",
        "--test-until",
        "1991-01-01",
    ]))
    .fails_with(3);
    assert!(err.contains("no investor"), "{err}");
    let err = run(backtest_command(data.path()).args([
        "--train-until",
        "2030-01-01",
        "--test-until",
        "2031-01-01",
    ]))
    .fails_with(3);
    assert!(err.contains("no startup"), "{err}");
    assert!(
        backtest(data.path(), &["--without-head", "60"])
            .fails_with(2)
            .contains("nobody")
    );
    assert!(
        backtest(data.path(), &["--rules", "no-such-file.toml"])
            .fails_with(2)
            .contains("no-such-file")
    );

    fs::write(data.path().join("startups.csv"), "id,tags\ns0001,water\n").unwrap();
    fs::remove_file(data.path().join("investments.csv")).unwrap();
    let err = backtest(data.path(), &[]).fails_with(3);
    for named in ["first_funding", "investments.csv"] {
        assert!(err.contains(named), "{err}");
    }

    let mut bad = market();
    bad.deals[3].2 = "yesterday".to_owned();
    bad.deals[5].3 = "1,series-a,-7".to_owned();
    bad.startups[7] = bad.startups[6].clone();
    bad.write(data.path());
    let err = backtest(data.path(), &[]).fails_with(3);
    for named in [
        "line 5: date \"yesterday\"",
        "line 7: amount \"-7\"",
        "\"s0006\" is there twice",
    ] {
        assert!(err.contains(named), "{named}: {err}");
    }
}

#[test]
fn rules_are_learned_and_the_same_twice() {
    let data = market().folder();
    let fit = |name: &str| {
        let file = data.path().join(name);
        let mut command = bare();
        command.args([
            "rules",
            "fit",
            "--until",
            "2011-01-01",
            "--years",
            "2",
            "--data",
        ]);
        let report = run(command.arg(data.path()).arg("--out").arg(&file)).ok();
        (report, fs::read_to_string(file).unwrap())
    };
    let (report, rules) = fit("a.toml");
    assert_eq!(rules, fit("b.toml").1);
    for word in ["Learned from", "better", "Weights in bp", "alike"] {
        assert!(report.contains(word), "{report}");
    }

    let file = data.path().join("a.toml");
    let fitted = json(backtest(
        data.path(),
        &["--format", "json", "--rules", file.to_str().unwrap()],
    ));
    assert_eq!(fitted["rules"], "Fitted on deals before 2011-01-01");
    let market = json(backtest(data.path(), &["--format", "json"]));
    assert!(
        ndcg(&fitted, "rules") > ndcg(&market, "rules") - 0.02,
        "{fitted:#}"
    );

    let mut command = bare();
    command
        .args(["rules", "fit", "--until", "2007-01-01", "--data"])
        .arg(data.path());
    assert!(run(&mut command).fails_with(3).contains("it takes"));
}

#[test]
fn answers_are_explained_in_four_languages() {
    let data = market().folder();
    let (_, found) = predictions(data.path(), &[]);
    let startup = found.keys().next().unwrap();
    let said = backtest(
        data.path(),
        &["--explain", startup, "--lang", "en,he,az,ru"],
    )
    .ok();
    for word in [
        "Deals like this one",
        "עסקאות דומות לזו",
        "Buna bənzər",
        "Похожие сделки",
        "#1",
    ] {
        assert!(said.contains(word), "{said}");
    }
    assert!(
        backtest(data.path(), &["--explain", "s9999"])
            .fails_with(2)
            .contains("s9999")
    );
    assert!(
        backtest(data.path(), &["--explain", startup, "--lang", "fr"])
            .fails_with(2)
            .contains("fr")
    );
}
