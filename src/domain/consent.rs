//! What people agreed to, as they gave it.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::country::Country;
use super::ids::{IntroductionId, OrganizationId, UserId};
use super::text::{Language, Name};
use super::values::{Side, codes};

codes! {
    /// What is done with a consent.
    ConsentAction {
        /// It is taken back.
        Withdraw = "withdraw",
        /// It is given again, in the same words.
        Renew = "renew",
    }
}

/// The record of one agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentReceipt {
    /// Its id.
    pub id: Uuid,
    /// Who gave it.
    pub user: UserId,
    /// For which firm.
    pub organization: OrganizationId,
    /// What for, a stable code.
    pub purpose: &'static str,
    /// The name of who answered, as they wrote it.
    pub person_name: Name,
    /// Their part in the firm, in their words.
    pub person_role: Option<String>,
    /// Under which law, a stable code.
    pub law: &'static str,
    /// The text that was agreed to: data, recipients and countries, validity,
    /// deletion. Its hash is in the log.
    pub text: String,
    /// The language of that text.
    pub language: Language,
    /// How it was given, a stable code.
    pub method: &'static str,
    /// When.
    pub given_at: DateTime<Utc>,
    /// How long it holds.
    pub valid_to: DateTime<Utc>,
}

codes! {
    /// Whether a firm's people agreed that it is proposed to others. Who stands
    /// behind a record that others wrote says so on the page of the claim; who
    /// puts their own firm's record forward says so by that step. A record that
    /// nobody stands behind is shown to nobody, so it needs none.
    Standing {
        /// A receipt stands.
        Given = "given",
        /// The firm was shown before it was asked for one, and goes on as before
        /// until a day by which its people are asked.
        Before = "before",
        /// Those that were given have run out.
        RanOut = "ran_out",
        /// Nobody has given any.
        Missing = "missing",
        /// It was taken back.
        Withdrawn = "withdrawn",
    }
}

/// Days for which a consent to be proposed holds.
pub const PROPOSAL_DAYS: i64 = 2 * 365;

/// Days before its end from which a consent to be proposed is asked for again.
pub const PROPOSAL_NOTICE_DAYS: i64 = 30;

/// How a consent was given over an account, a stable code.
pub const SIGNED_IN: &str = "signed_in";

/// How a consent was given by putting a record of the own firm forward, a stable
/// code.
pub const OWN_ACT: &str = "own_act";

/// The purpose of being proposed to others, a stable code.
pub const PROPOSALS: &str = "introductions";

/// What a consent to an introduction passes on: of the firm at once, of the
/// person once both sides have agreed.
pub const INTRODUCTION_DATA: [&str; 5] = ["name", "role", "email", "organization", "profile"];

/// What one covers whose text says nothing of what the firm has published: the
/// texts before that named the firm alone.
pub const INTRODUCTION_DATA_WITHOUT_PROFILE: [&str; 4] = ["name", "role", "email", "organization"];

/// Whether what was agreed to in those words lets the other side read what the
/// firm has published, also before both have agreed.
pub fn shows_profile(text: &str) -> bool {
    // What is agreed to beside it, a copy to a curator, is a paragraph of its own.
    let words = text.split("\n\n").next().unwrap_or_default();
    SHOWING.contains(&text_hash(words).as_str())
}

/// The SHA-256 of every wording so far that says so. Receipts keep the words of
/// their day, so this list only grows: whoever corrects a text adds its hash.
const SHOWING: [&str; 4] = [
    "a3b130ea34b13e1275f84f6f538779409cd901cb2731bfb3fda7adbbc8ec47bd",
    "ffcdfa78e2f06fb597243791ce0737f558e318893c2426a9438e9bbe883b8ffa",
    "2f2efc7804e9ebb4ee37649b87c03d6cde1352845914645b5f9f37777bd86782",
    "e473bf495a68f8eaa742a0d90b636ed5c79f3dd6a42f613b83c0a10bfebe67be",
];

/// The SHA-256 of a text, in hexadecimal digits.
pub fn text_hash(text: &str) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::new(), |mut hex, byte| {
        // Writing into a string doesn't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What a consent to be proposed for introductions covers.
pub const PROPOSAL_DATA: [&str; 4] = ["name", "role", "email", "profile"];

/// How what was agreed to ends: deleted, but for what the law wants kept.
pub const DELETION: &str = "at_its_end_unless_the_law_wants_it_kept";

/// Days for which a consent to an introduction holds: within them the mail that
/// connects is sent, or it is asked for anew.
pub const INTRODUCTION_DAYS: i64 = 2 * 365;

codes! {
    /// How somebody agreed to an introduction.
    Method {
        /// They asked for it themselves.
        Request = "request",
        /// By the link in their mail.
        MailedLink = "mailed_link",
        /// Over their account.
        SignedIn = "signed_in",
    }
}

/// What a person agreed to with their yes to an introduction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntroductionConsent {
    /// Its id.
    pub id: Uuid,
    /// To which introduction.
    pub introduction: IntroductionId,
    /// For which side.
    pub side: Side,
    /// Who, where they have an account.
    pub user: Option<UserId>,
    /// Their address, folded.
    pub email_key: String,
    /// What they call themselves.
    pub person_name: String,
    /// Their part in the firm, in their words.
    pub person_role: Option<String>,
    /// Who runs the service.
    pub operator: String,
    /// Under which law, a stable code.
    pub law: String,
    /// The text that was agreed to.
    pub text: String,
    /// The language of that text.
    pub language: Language,
    /// How.
    pub method: Method,
    /// The country of those it is passed on to, if known.
    pub country: Option<Country>,
    /// When.
    pub given_at: DateTime<Utc>,
    /// How long it holds.
    pub valid_to: DateTime<Utc>,
    /// When it was taken back.
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// Whether a curator of the programme may get the mail that connects, too.
    pub curator_copy: bool,
}

/// The law under which people of a country agree. Both laws want consent with
/// listed contents; elsewhere the text stands by itself.
pub fn law_of(country: Option<Country>) -> &'static str {
    match country.as_ref().map(Country::code) {
        Some("IL") => "il_protection_of_privacy",
        Some("AZ") => "az_personal_data",
        _ => "other",
    }
}

/// What asking for an introduction, or a yes to one, agrees to, with its
/// language: the reader's, or English. The firm is named to the other side at
/// once, the person only when both have agreed.
pub fn introduction_text(reader: &Language) -> (&'static str, &'static str) {
    match reader.primary() {
        "he" => ("he", HEBREW),
        "az" => ("az", AZERBAIJANI),
        "ru" => ("ru", RUSSIAN),
        _ => ("en", ENGLISH),
    }
}

/// What somebody agrees to who wants a curator to get the mail that connects,
/// too, in the language of [`introduction_text`].
pub fn curator_copy_text(reader: &Language) -> &'static str {
    match reader.primary() {
        "he" => HEBREW_COPY,
        "az" => AZERBAIJANI_COPY,
        "ru" => RUSSIAN_COPY,
        _ => ENGLISH_COPY,
    }
}

const ENGLISH_COPY: &str = "A curator of the programme may receive the e-mail that connects us, too, if the other side agrees to it as well.";
const HEBREW_COPY: &str =
    "גם רכז או רכזת של התוכנית רשאים לקבל העתק של הדוא״ל שמקשר בינינו, אם גם הצד השני מסכים לכך.";
const AZERBAIJANI_COPY: &str = "Qarşı tərəf də razı olarsa, bizi tanış edən məktubun surəti proqramın kuratoruna da göndərilə bilər.";
const RUSSIAN_COPY: &str = "Письмо, которое нас знакомит, может в копии получить и куратор программы, если с этим согласна и другая сторона.";

const ENGLISH: &str = "By asking for this introduction, or by saying yes to it, I agree that the name of my organisation and what it has published about itself here are shown to the other side at once, also while that side has still to answer, and that my name, my part in the organisation and my e-mail address are passed on to its people once both sides have said yes, also where they are in another country, so that they can write to me. The operator of this Corridor keeps the same data and my answer, and asks me later, until two years after the introduction is closed, what came of it. Beyond that this holds for two years, or until I take it back under “My consents”, which I can do at any time; what the law does not want kept is then deleted. What was sent before can’t be called back.";
const HEBREW: &str = "בבקשת ההיכרות הזאת, או בתשובה חיובית לה, יש הסכמה לכך ששם הארגון שלי ומה שפרסם כאן על עצמו יוצגו לצד השני מיד, גם כל עוד הצד השני לא ענה, וששמי, תפקידי בארגון וכתובת הדוא״ל שלי יימסרו לאנשיו לאחר ששני הצדדים הסכימו, גם אם הם במדינה אחרת, כדי שיוכלו לפנות אליי. מפעיל Corridor שומר את אותם פרטים ואת תשובתי, ושואל אותי בהמשך, עד שנתיים לאחר סגירת ההיכרות, מה יצא מכך. מעבר לכך ההסכמה תקפה לשנתיים, או עד לביטולה בעמוד „ההסכמות שלי”, בכל עת; לאחר מכן נמחק כל מה שהחוק אינו מחייב לשמור. את מה שנשלח קודם לכן אי אפשר להחזיר.";
const AZERBAIJANI: &str = "Bu tanışlığı istəməklə və ya ona “bəli” cavabı verməklə razıyam ki, təşkilatımın adı və onun burada özü haqqında dərc etdikləri qarşı tərəfə dərhal, o hələ cavab verməmişkən də göstərilsin, adım, təşkilatdakı vəzifəm və e-poçt ünvanım isə hər iki tərəf razılıq verdikdən sonra onun nümayəndələrinə, o cümlədən onlar başqa ölkədə olduqda, mənə yaza bilmələri üçün ötürülsün. Bu Corridor-un operatoru həmin məlumatları və cavabımı saxlayır və tanışlıq bağlandıqdan sonra iki ilədək nəticəni məndən soruşur. Bundan başqa, razılıq iki il və ya onu “Razılıqlarım” səhifəsində istənilən vaxt geri götürənədək qüvvədədir; bundan sonra qanunun saxlanmasını tələb etmədiyi hər şey silinir. Əvvəl göndəriləni geri qaytarmaq olmur.";
const RUSSIAN: &str = "Запрашивая это знакомство или отвечая на него «да», я соглашаюсь, что название моей организации и то, что она здесь о себе опубликовала, показывают другой стороне сразу, в том числе пока та ещё не ответила, а моё имя, моя должность и мой адрес электронной почты передаются её представителям, когда согласятся обе стороны, в том числе в другую страну, чтобы они могли мне написать. Оператор этого Corridor хранит те же данные и мой ответ и спрашивает, что получилось, в срок до двух лет после завершения знакомства. В остальном согласие действует два года или до его отзыва, который возможен в любое время на странице «Мои согласия»; затем удаляется всё, что закон не обязывает хранить. Отозвать уже отправленное нельзя.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_in_words_of_any_day_are_known_for_what_they_say() {
        for language in ["en", "he", "az", "ru", "fr"] {
            let reader: Language = language.parse().unwrap();
            let (_, text) = introduction_text(&reader);
            assert!(
                shows_profile(text),
                "{language}: add the hash of what it says now"
            );
            let copy = format!("{text}\n\n{}", curator_copy_text(&reader));
            assert!(shows_profile(&copy), "{language}");
        }
        assert!(!shows_profile("I agree that my name is passed on."));
        // Never taken out: receipts in the words of that day are kept.
        let first = [
            "a3b130ea34b13e1275f84f6f538779409cd901cb2731bfb3fda7adbbc8ec47bd",
            "ffcdfa78e2f06fb597243791ce0737f558e318893c2426a9438e9bbe883b8ffa",
            "2f2efc7804e9ebb4ee37649b87c03d6cde1352845914645b5f9f37777bd86782",
            "e473bf495a68f8eaa742a0d90b636ed5c79f3dd6a42f613b83c0a10bfebe67be",
        ];
        assert!(first.iter().all(|hash| SHOWING.contains(hash)));
    }
}
