//! Azerbaijani.

use super::{Ask, Closed, IntroductionWords, Registration, Wording};

pub(super) const WORDING: Wording = Wording {
    tag: "az",
    rtl: false,
    months: [
        "yanvar", "fevral", "mart", "aprel", "may", "iyun", "iyul", "avqust", "sentyabr",
        "oktyabr", "noyabr", "dekabr",
    ],
    weekdays: [
        "bazar ertəsi",
        "çərşənbə axşamı",
        "çərşənbə",
        "cümə axşamı",
        "cümə",
        "şənbə",
        "bazar",
    ],
    moment: "{day} {month} {year}, {weekday}, saat {time} ({zone})",
    greeting: "Salam, {reader}!",
    greeting_plain: "Salam!",
    reasons: "Niyə uyğun ola bilər",
    blurb: "Sorğu ilə göndərilən mesaj",
    footer_programme: "Bu məktubu təşkilatınız Corridor platformasında “{programme}” proqramında iştirak etdiyi üçün alırsınız. Məktub avtomatik göndərilib.",
    footer_account: "Bu məktubu Corridor platformasında bu ünvanla hesab olduğu üçün alırsınız. Məktub avtomatik göndərilib.",
    ask: Ask {
        subject_named: "{counterpart} sizinlə tanış olmaq istəyir",
        subject_teaser: "Tanışlıq təklifi: {programme}",
        lead_named: "{counterpart} “{programme}” proqramı çərçivəsində sizinlə tanışlıq üçün müraciət edib.",
        lead_teaser: "Sizə “{programme}” proqramı çərçivəsində tanışlıq təklif olunur. Qarşı tərəfin adını hər iki tərəf razılıq verdikdən sonra biləcəksiniz.",
        about: "Qarşı tərəf haqqında",
        promise: "Adınız və ünvanınız yalnız razılıq versəniz ötürüləcək. İmtina edə və ya “hələ yox” cavabını da verə bilərsiniz.",
        action: "Ətraflı oxuyun və cavab verin",
        expiry: "Cavab üçün son vaxt: {expires}. Bundan sonra sorğu öz-özünə bağlanacaq.",
        personal: "Bu keçid yalnız sizin üçündür. Xahiş edirik, onu başqasına göndərməyin.",
    },
    introduction: IntroductionWords {
        subject: "Tanışlıq: {startup} və {investor}",
        lead: "{startup_contact} ({startup}) və {investor_contact} ({investor}), sizi tanış edirik. Bu tanışlığa hər ikiniz razılıq vermisiniz.",
        origin: "Sorğunu “{programme}” proqramı çərçivəsində {asked_by} göndərib.",
        party: "{organization}: {summary}",
        next: "Bu məktubu hər ikiniz alırsınız: söhbətə davam etmək üçün hamıya cavab yazın.",
    },
    closed: Closed {
        subject: "Tanışlıq sorğusu bağlandı",
        lead_named: "“{programme}” proqramı çərçivəsində {counterpart} ilə tanışlıq üçün müraciət etmişdiniz (tarix: {requested}).",
        lead: "“{programme}” proqramı çərçivəsində tanışlıq üçün müraciət etmişdiniz (tarix: {requested}).",
        lead_asked: "“{programme}” proqramı çərçivəsində sizə tanışlıq sorğusu göndərilmişdi (tarix: {requested}).",
        declined: "Bu dəfə sorğu qəbul olunmadı.",
        expired: "Vaxtında cavab gəlmədiyi üçün sorğu bağlandı. Bu, tərəflərdən heç birinə verilən qiymət deyil.",
        withdrawn: "Sorğu geri götürülüb. Sizdən heç nə tələb olunmur.",
        reason: "Bildirilən səbəb: {reason}",
        unaffected: "Digər uyğunluqlarınız və tanışlıqlarınız əvvəlki kimi davam edir. Marağınıza görə təşəkkür edirik.",
    },
    registration: Registration {
        subject: "Corridor platformasında artıq hesabınız var",
        lead: "Bu e-poçt ünvanı ilə Corridor platformasında hesab açmağa cəhd edilib (tarix: {tried}). Belə bir hesab artıq var, ona görə heç nə dəyişməyib.",
        yours: "Bunu siz etmisinizsə, mövcud hesabınızla daxil olun.",
        action: "Daxil olun",
        not_yours: "Bunu siz etməmisinizsə, heç nə etmək lazım deyil: cəhd edən şəxs bu ünvanın bizdə tanındığını öyrənməyib.",
    },
};
