//! Azerbaijani.

use super::{DigestWords, RegularWords};

pub(in crate::mail) const WORDS: RegularWords = RegularWords {
    digest: DigestWords {
        subject: "“{mandate}” üçün yeni uyğunluqlar: {count}",
        lead: "Son icmaldan bəri “{mandate}” mandatına bu uyğunluqlar gəlib və cavab gözləyir. Startap razılıq verməyincə adı bildirilmir.",
        section: "{number}. {band}",
        risk: "Əleyhinə olan",
        missing: "Hələ məlum olmayanlar",
        answer: "Cavab: maraqlıdır, bizə uyğun deyil və ya sonra",
        brief: "Komitə üçün çap olunan bir səhifə",
        more: "Gözləyən daha {more} uyğunluq var. Onlar mandatın uyğunluqlar siyahısındadır.",
        personal: "Keçidlər yalnız sizin üçündür. Xahiş edirik, onları başqasına göndərməyin.",
        footer: "Bu məktubu təşkilatınız Corridor platformasında “{mandate}” mandatı ilə startap axtardığı üçün alırsınız. Məktub avtomatik göndərilib.",
    },
};
