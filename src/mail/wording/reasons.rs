//! Why a side said no, in words, for the mail that tells a reason which its
//! giver shares.

use crate::domain::values::PassReason;
use crate::mail::notice::Language;

/// The reason in the words of `language`.
pub(in crate::mail) const fn of(reason: PassReason, language: Language) -> &'static str {
    let [en, he, az, ru] = words(reason);
    match language {
        Language::En => en,
        Language::He => he,
        Language::Az => az,
        Language::Ru => ru,
    }
}

const fn words(reason: PassReason) -> [&'static str; 4] {
    match reason {
        PassReason::NoReply => [
            "No reply was wanted any more",
            "אין עוד צורך בתשובה",
            "Cavaba artıq ehtiyac yoxdur",
            "Ответ больше не нужен",
        ],
        PassReason::ThesisMismatch => [
            "Not what we are looking for",
            "לא מתאים לתחום שאנו מחפשים",
            "Axtardığımız sahə deyil",
            "Не то направление, которое мы ищем",
        ],
        PassReason::StageTooEarly => [
            "Too early",
            "השלב מוקדם מדי",
            "Mərhələ çox erkəndir",
            "Слишком ранняя стадия",
        ],
        PassReason::ChequeMismatch => [
            "The amount doesn’t fit",
            "הסכום אינו מתאים",
            "Məbləğ uyğun gəlmir",
            "Не подходит сумма",
        ],
        PassReason::Valuation => [
            "The valuation",
            "הערכת השווי",
            "Şirkətin dəyərləndirilməsi",
            "Оценка компании",
        ],
        PassReason::Terms => [
            "The other terms",
            "תנאים אחרים",
            "Digər şərtlər",
            "Другие условия",
        ],
        PassReason::MarketRisk => [
            "The risk of the market",
            "הסיכון בשוק",
            "Bazar riski",
            "Риски рынка",
        ],
        PassReason::Team => ["The team", "הצוות", "Komanda", "Команда"],
        PassReason::Traction => [
            "Too little traction so far",
            "עדיין אין די הוכחות בשוק",
            "Bazarda nəticələr hələ azdır",
            "Пока мало результатов на рынке",
        ],
        PassReason::AlreadyInContact => [
            "We are in contact already",
            "אנחנו כבר בקשר",
            "Artıq əlaqədəyik",
            "Мы уже общаемся",
        ],
        PassReason::NotNow => [
            "Not at this time",
            "לא בעת הזאת",
            "Hazırda yox",
            "Не сейчас",
        ],
        PassReason::Other => [
            "Something else",
            "סיבה אחרת",
            "Başqa səbəb",
            "Другая причина",
        ],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_reason_has_words_of_its_own_in_each_language() {
        let mut said = BTreeSet::new();
        for reason in PassReason::ALL.iter().copied() {
            for language in Language::ALL {
                let words = of(reason, language);
                assert!(!words.contains(['_', '{']), "{reason}: {words}");
                assert!(said.insert(words), "{reason} in {language:?}: {words}");
            }
        }
    }
}
