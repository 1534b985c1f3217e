//! Azerbaijani.

use super::super::Note;
use super::{AskWords, ConsentWords};

pub(in super::super) const WORDS: ConsentWords = ConsentWords {
    title: "Razılıqlarım",
    lead: "{operator} tərəfindən idarə olunan bu Corridor-da {address} ünvanını oxuyan şəxs bunlara razılıq verib.",
    none: "Bu ünvanla heç nəyə razılıq verilməyib.",
    introduction: "“{programme}” proqramında tanışlıq, {organization} üçün",
    proposals: "{organization} üçün tanışlıqların təklif edilməsi",
    recipient: "Ötürülüb: {recipient}",
    recipient_later: "Qarşı tərəfə dərhal göstərilir: təşkilatın adı və özü haqqında dərc etdikləri. Hər iki tərəf razılıq verdikdən sonra ötürülür: şəxsin adı, vəzifəsi və ünvanı.",
    recipient_proposals: "Qoşulduğunuz proqramların təşkilatlarına əvvəlcə adsız təsvir göstərilir; adların nə vaxt bildirildiyi mətndə yazılıb.",
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
    ask: AskWords {
        lead: "{operator} tərəfindən idarə olunan bu Corridor-da e-poçt ünvanını oxuyan şəxsin nəyə razılıq verdiyini burada görmək və hər razılığı geri götürmək olar. Keçidi başqası görməsin deyə onu ünvanın özünə göndəririk.",
        address: "E-poçt ünvanınız",
        send: "Keçidi mənə göndər",
        fault: "name@example.com kimi bir e-poçt ünvanı yazın.",
        languages: "Başqa dildə",
        sent: Note {
            heading: "Təşəkkür edirik",
            text: "Bu ünvanın burada hesabı varsa və ya onunla nəyəsə razılıq verilibsə, keçidi olan məktub göndərilir. On beş dəqiqə ərzində təkrar istəsəniz, ikinci məktub göndərilmir.",
        },
    },
};
