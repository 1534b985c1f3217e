//! What somebody agrees to who has their firm proposed to others: by confirming
//! what was written about it, or by submitting a profile.

use super::text::Language;

/// Who reads what, and for how long: the same wherever it is agreed to.
pub type Terms = [&'static str; 2];

/// What a person agrees to by submitting a profile of their firm, with its
/// language: theirs, or English.
pub fn submission_text(reader: &Language) -> (&'static str, String) {
    let (language, kept, terms) = match reader.primary() {
        "he" => ("he", HEBREW_KEPT, HEBREW),
        "az" => ("az", AZERBAIJANI_KEPT, AZERBAIJANI),
        "ru" => ("ru", RUSSIAN_KEPT, RUSSIAN),
        _ => ("en", ENGLISH_KEPT, ENGLISH),
    };
    let [readers, until] = terms;
    (language, format!("{kept}\n\n{readers}\n\n{until}"))
}

const ENGLISH_KEPT: &str = "The operator of this Corridor keeps the data of the profile, and your name, address and part in the organisation, so that it can propose introductions.";
/// In English.
pub const ENGLISH: Terms = [
    "Curators and compliance officers of the operator read all of it. Firms in the programmes you join, in Israel, Azerbaijan and the programme’s other countries, read a description without names first. The organisation’s name and what it has published about itself are shown to the other side of an introduction once you have asked for it or said yes to it, and your own name and address once both sides have said yes.",
    "This holds for two years from today, or until you take it back. You can take it back at any time by writing to the programme team; the data is then deleted, except for what the law wants kept.",
];
const HEBREW_KEPT: &str =
    "מפעיל המערכת שומר את פרטי הפרופיל, וכן את שמכם, כתובתכם ותפקידכם בארגון, כדי להציע היכרויות.";
/// In Hebrew.
pub const HEBREW: Terms = [
    "האוצרים וקציני הציות של המפעיל קוראים את הכול. ארגונים בתוכניות שתצטרפו אליהן, בישראל, באזרבייג׳ן ובמדינות האחרות של התוכנית, קוראים תחילה תיאור ללא שמות. שם הארגון ומה שפרסם על עצמו מוצגים לצד השני של היכרות לאחר שביקשתם אותה או הסכמתם לה, ושמכם וכתובתכם שלכם לאחר ששני הצדדים הסכימו.",
    "ההסכמה תקפה לשנתיים מהיום או עד שתחזרו בכם. אפשר לחזור בכם בכל עת בפנייה לצוות התוכנית; הפרטים יימחקו אז, למעט מה שהחוק מחייב לשמור.",
];
const AZERBAIJANI_KEPT: &str = "Bu platformanın operatoru tanışlıqlar təklif etmək üçün profildəki məlumatı, eləcə də adınızı, ünvanınızı və təşkilatdakı vəzifənizi saxlayır.";
/// In Azerbaijani.
pub const AZERBAIJANI: Terms = [
    "Operatorun kuratorları və uyğunluq əməkdaşları hamısını oxuyur. Qoşulduğunuz proqramlardakı İsrail, Azərbaycan və proqramın digər ölkələrinin təşkilatları əvvəlcə adsız təsviri oxuyur. Təşkilatın adı və onun özü haqqında dərc etdikləri tanışlığın qarşı tərəfinə siz o tanışlığı istədikdən və ya ona razılıq verdikdən sonra, öz adınız və ünvanınız isə hər iki tərəf razılıq verdikdən sonra göstərilir.",
    "Razılıq bu gündən iki il və ya siz onu geri götürənədək qüvvədədir. Onu istənilən vaxt proqram komandasına yazmaqla geri götürə bilərsiniz; qanunun saxlanmasını tələb etdiyi istisna olmaqla, məlumat silinir.",
];
const RUSSIAN_KEPT: &str = "Оператор этой платформы хранит данные профиля, а также ваше имя, адрес и роль в организации, чтобы предлагать знакомства.";
/// In Russian.
pub const RUSSIAN: Terms = [
    "Кураторы и сотрудники комплаенса оператора читают всё. Организации программ, к которым вы присоединитесь, в Израиле, Азербайджане и других странах программы, сначала читают описание без имён. Название организации и то, что она о себе опубликовала, показывают другой стороне знакомства, когда вы о нём попросили или на него согласились, а ваше имя и адрес — после согласия обеих сторон.",
    "Согласие действует два года с сегодняшнего дня или до его отзыва. Его можно отозвать в любое время, написав команде программы; тогда данные удаляются, кроме тех, что велит хранить закон.",
];
