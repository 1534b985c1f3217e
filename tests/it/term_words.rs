//! What free texts name of what is brokered with care or not at all, in four
//! languages and in the forms in which people write it: what must be marked,
//! and what must not.

use corridor::config::taxonomy;
use corridor::domain::terms::marked;

/// A text, and the tag that it names.
const HITS: &[(&str, &str)] = &[
    ("We sell weapons.", "weapons"),
    ("A weapon for everybody", "weapons"),
    ("Weaponry and its parts", "weapons"),
    ("The missile's guidance", "weapons"),
    ("spares for missiles", "weapons"),
    ("Loitering munitions", "military_uas"),
    ("Anti-drone systems for airports", "counter_uas"),
    ("They were wiretapping calls", "sigint"),
    ("spyware, sold by the seat", "intrusion_sw"),
    ("Мы продаём оружие", "weapons"),
    ("торговля оружием", "weapons"),
    ("части к оружию", "weapons"),
    ("об оружии и не только", "weapons"),
    ("поставка боеприпасами", "weapons"),
    ("ремонт боеголовки", "weapons"),
    ("программы для прослушки", "sigint"),
    ("прослушкой занимаемся", "sigint"),
    ("шпионской программой", "intrusion_sw"),
    ("шпионскими программами", "intrusion_sw"),
    ("боевыми беспилотниками", "military_uas"),
    ("массовую слежку", "biometric_mass"),
    ("Silah satışı", "weapons"),
    ("silahların təmiri", "weapons"),
    ("silahlarımızın hissələri", "weapons"),
    ("silahlara nəzarət", "weapons"),
    ("sursatların daşınması", "weapons"),
    ("mərmilərin istehsalı", "weapons"),
    ("hərbi dronların satışı", "military_uas"),
    ("casus proqramlarının alınması", "intrusion_sw"),
    ("telefonların dinlənilməsinin yolları", "sigint"),
    ("kütləvi izləmənin vasitələri", "biometric_mass"),
    ("אנחנו מוכרים נשק", "weapons"),
    ("הנשק שלנו", "weapons"),
    ("ובנשק", "weapons"),
    ("תחמושת לכולם", "weapons"),
    ("התחמושות", "weapons"),
    ("לרוגלות שלנו", "intrusion_sw"),
    ("תוכנות הריגול", "intrusion_sw"),
    ("האזנות הסתר", "sigint"),
];

/// Texts that name nothing of the kind, some of them nearly.
const NOT: &[&str] = &[
    "Arm in arm with farmers",
    "An army of ants",
    "Nothing is missing",
    "Satellite imagery for fields",
    "We defend the customer's interest",
    "A robotic arm sorts fruit",
    "Mermaid cafés",
    "Surveys of soil",
    "Экономим воду на полях",
    "оборот компании растёт",
    "Оборотные средства",
    "спутниковые снимки полей",
    "программа для фермеров",
    "телефон и почта",
    "обследование почвы",
    "Su itkisinin azaldılması",
    "silinmiş fayllar",
    "telefonla sifariş",
    "proqram təminatı",
    "kütləvi istehsal",
    "רוב הלקוחות שלנו",
    "מים מהאוויר",
    "חיסכון במים ובאנרגיה",
    "תוכנה לניהול שדות",
    "טיול בשדה",
];

#[test]
fn forms_that_people_write_are_marked() {
    let taxonomy = taxonomy::parse(taxonomy::DEFAULT).expect("sound");
    let missed: Vec<_> = HITS
        .iter()
        .filter_map(|(text, tag)| {
            let found: Vec<String> = marked(text, &taxonomy)
                .into_iter()
                .map(|hit| hit.tag.to_string())
                .collect();
            (!found.iter().any(|it| it == tag)).then(|| format!("{text}: {tag}, not {found:?}"))
        })
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn what_only_begins_alike_is_not() {
    let taxonomy = taxonomy::parse(taxonomy::DEFAULT).expect("sound");
    let wrong: Vec<_> = NOT
        .iter()
        .filter_map(|text| {
            let found = marked(text, &taxonomy);
            let words: Vec<_> = found.into_iter().map(|it| (it.words, it.tag)).collect();
            (!words.is_empty()).then(|| format!("{text}: {words:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
