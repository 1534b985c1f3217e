//! What people type for a tag that no tag is called, and what texts speak of,
//! with the taxonomy that is shipped.

use corridor::config::taxonomy;
use corridor::domain::tag::Taxonomy;
use corridor::domain::tag_words::suggested;

fn shipped() -> Taxonomy {
    taxonomy::parse(taxonomy::DEFAULT).expect("the shipped file is sound")
}

/// What is typed, and the tag that must be among the three suggestions.
const TYPED: &[(&str, &str)] = &[
    // Mistyped.
    ("fintch", "fintech"),
    ("desalinatoin", "desalination"),
    ("wastewatter", "wastewater"),
    ("telemedecine", "telemedicine"),
    ("cybersecurty", "cyber_commercial"),
    ("hydrogn", "hydrogen"),
    ("insurteck", "insurtech"),
    ("greenhous", "protected_crop"),
    ("suvarm", "water"),
    ("kibertehlukesizlk", "cyber_commercial"),
    ("sığorrta", "insurtech"),
    ("телемидицина", "telemedicine"),
    ("кибербезопастность", "cyber_commercial"),
    ("опрестнение", "desalination"),
    ("התפלהה", "desalination"),
    ("רדיולוגייה", "imaging"),
    // In another script.
    ("гидропоника fermer", "protected_crop"),
    ("логистикс", "logistics_trade"),
    ("телемедисин", "telemedicine"),
    ("финтек", "fintech"),
    ("hidroponikа", "protected_crop"),
    ("kriptovaluta", "digital_assets"),
    ("кибер", "cyber_commercial"),
    ("telemeditsina", "telemedicine"),
    ("факторинк", "trade_finance"),
    // Other words for it.
    ("detection of leaks in water pipes", "water_loss"),
    ("water leak detection", "water_loss"),
    ("remote monitoring of patients", "remote_monitor"),
    ("sms loans for sme lending", "lending_sme"),
    ("smart city solutions", "smart_city_gov"),
    ("carbon capture and storage", "ccus"),
    ("wind and solar energy", "wind_offshore"),
];

#[test]
fn what_is_mistyped_or_foreign_has_its_tag_suggested() {
    let taxonomy = shipped();
    let missed: Vec<_> = TYPED
        .iter()
        .filter(|(typed, _)| taxonomy.resolve(typed).is_none())
        .map(|(typed, wanted)| {
            let near = taxonomy.suggest(typed).into_iter();
            (
                *typed,
                *wanted,
                near.map(ToString::to_string).collect::<Vec<_>>(),
            )
        })
        .filter(|(_, wanted, near)| !near.iter().any(|it| it == wanted))
        .collect();
    println!("{} of {} found", TYPED.len() - missed.len(), TYPED.len());
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn what_means_nothing_has_nothing_suggested() {
    let taxonomy = shipped();
    for typed in ["qqqqq", "zzyzx", "12345", "ыыыы", "ננננ", "!!!", ""] {
        assert!(taxonomy.suggest(typed).is_empty(), "{typed}");
    }
}

/// A text, and tags that must be among the first five.
const TEXTS: &[(&str, &[&str])] = &[
    (
        "Acoustic sensors and leak detection software that save cities a third of their water.",
        &["water_loss"],
    ),
    (
        "חיישנים לאיתור נזילות ברשתות המים העירוניות",
        &["water_loss", "water"],
    ),
    (
        "Şəhər şəbəkələrində su itkilərini azaldan sensorlar",
        &["water_loss"],
    ),
    (
        "Датчики, которые находят утечки воды в городских сетях",
        &["water_loss"],
    ),
    ("Телемедицина для отдалённых районов", &["telemedicine"]),
    (
        "Rəqəmsal səhiyyə: uzaqdan monitorinq platforması",
        &["digital_health", "remote_monitor"],
    ),
    ("פלטפורמת פינטק לתשלומים", &["fintech"]),
    ("Drip irrigation for small farms", &["water"]),
    (
        "Опреснение морской воды обратным осмосом",
        &["desalination"],
    ),
    (
        "Suyun şirinləşdirilməsi üçün yeni membranlar",
        &["desalination"],
    ),
    ("Hidroponika ilə istixanalar", &["protected_crop"]),
];

#[test]
fn texts_have_suggested_what_they_speak_of_with_their_words() {
    let taxonomy = shipped();
    for (text, wanted) in TEXTS {
        let found = suggested(&taxonomy, [*text], 5);
        let slugs: Vec<String> = found.iter().map(|it| it.slug.to_string()).collect();
        for tag in *wanted {
            assert!(
                slugs.iter().any(|it| it == tag),
                "{text}: {tag} in {found:#?}"
            );
        }
        for it in &found {
            assert!(
                !it.words.is_empty() && it.words.iter().all(|word| text.contains(word.as_str()))
            );
        }
    }
    assert!(suggested(&taxonomy, ["Lorem ipsum dolor sit amet"], 5).is_empty());
}
