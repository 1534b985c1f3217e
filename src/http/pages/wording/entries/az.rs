//! Azerbaijani.

use super::{EntryWords, Note};

pub(in super::super) const WORDS: EntryWords = EntryWords {
    title: "Mandatınız üçün uyğunluq",
    lead: "“{programme}” proqramında “{mandate}” mandatı üçün gəlib. Startap razılıq verməyincə adı bildirilmir.",
    untitled: "adsız",
    country: "Ölkə",
    stage: "Raund",
    tags: "Sahələr",
    score: "{band}: 100 baldan {score}. Nəzərə alınanlardan məlum olan: {known} %.",
    risk: "Əleyhinə olan",
    missing: "Hələ məlum olmayanlar",
    brief: "Komitə üçün çap olunan bir səhifə",
    interested: "Bizim üçün maraqlıdır",
    pass: "Bizə uyğun deyil",
    snooze: "Sonra",
    if_pass: "Sizə uyğun deyilsə",
    if_snooze: "Sonradırsa",
    until: "Bu tarixdən etibarən yenidən göstərin",
    until_hint: "{days} gün ərzində. Uyğunluğu bir dəfə təxirə salmaq olar.",
    until_fault: "Sabahdan başlayaraq 90 gün ərzində bir tarix göstərin.",
    put_off_before: "Bu uyğunluq artıq bir dəfə təxirə salınıb; başqa cavab seçin.",
    private: "Cavabı proqram komandası oxuyur. Qarşı tərəf bunu yalnız tanışlıq baş tutarsa bilir.",
    date: "{day} {month} {year}",
    brief_title: "Komitə üçün qısa məlumat",
    brief_lead: "“{programme}” proqramında “{mandate}” mandatı üçün.",
    day: "Tarix: {day}.",
    named: "Startap adını təşkilatınıza bildirib. Xahiş edirik, bu səhifəni komitədən kənara çıxarmayın.",
    unnamed: "Startapın adı o, tanışlığa razılıq verdikdən sonra bildirilir.",
    decision: "Qərar",
    signed_on: "Tarix",
    signature: "İmza",
    back: "Bu uyğunluğa cavab verin",
    answered: Note {
        heading: "Təşəkkür edirik, cavab qeydə alındı",
        text: "Bu uyğunluğa təşkilatınız adından cavab verilib. Başqa heç nə etmək lazım deyil; davamı olarsa, sizə e-məktub göndəriləcək.",
    },
    over: Note {
        heading: "Bu uyğunluq hazırda açıq deyil",
        text: "Ola bilsin, bitib və ya dayandırılıb. Sizdən heç nə tələb olunmur.",
    },
    expired: Note {
        heading: "Bu keçid çox köhnədir",
        text: "Hesabınıza daxil olub mandatın uyğunluqlarına yenə də baxa bilərsiniz.",
    },
};
