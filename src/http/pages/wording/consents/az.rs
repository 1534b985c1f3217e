//! Azerbaijani.

use super::ConsentWords;

pub(in super::super) const WORDS: ConsentWords = ConsentWords {
    title: "Razılıqlarım",
    lead: "{operator} tərəfindən idarə olunan bu Corridor-da {address} ünvanını oxuyan şəxs bunlara razılıq verib.",
    none: "Bu ünvanla heç nəyə razılıq verilməyib.",
    introduction: "“{programme}” proqramında tanışlıq, {organization} üçün",
    proposals: "{organization} üçün tanışlıqların təklif edilməsi",
    recipient: "Ötürülüb: {recipient}",
    recipient_later: "Hər iki tərəf razılıq verdikdən sonra qarşı tərəfin nümayəndələrinə ötürülür.",
    country: "Bu ölkədə: {country}",
    data: "Əhatə edir: ad, təşkilatdakı vəzifə, e-poçt ünvanı və mətndə göstərilənlər.",
    given: "{day} tarixində {name} tərəfindən verilib",
    valid: "{day} tarixinədək qüvvədədir",
    withdrawn: "{day} tarixində geri götürülüb",
    over: "{day} tarixində bitib",
    text: "Mətn",
    withdraw: "Geri götür",
    hint: "Geri götürmə dərhal qüvvəyə minir: hələ baş tutmamış tanışlıq bitir və bu barədə daha məktub göndərilmir. Əvvəl göndəriləni geri qaytarmaq olmur.",
    link: "Razılıqlarım",
};
