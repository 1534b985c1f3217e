//! Hebrew.

use super::ConsentWords;

pub(in super::super) const WORDS: ConsentWords = ConsentWords {
    title: "ההסכמות שלי",
    lead: "לכך הסכים מי שקורא את {address} ב־Corridor הזה, בהפעלת {operator}.",
    none: "לא ניתנה הסכמה מכתובת זו.",
    introduction: "היכרות בתוכנית „{programme}”, עבור {organization}",
    proposals: "שיוצעו היכרויות עבור {organization}",
    recipient: "נמסר אל: {recipient}",
    recipient_later: "יימסר לאנשי הצד השני לאחר ששני הצדדים הסכימו.",
    country: "במדינה זו: {country}",
    data: "מכוסים: שם, תפקיד בארגון, כתובת דוא״ל, ומה שהנוסח מונה.",
    given: "ניתנה ב־{day} על ידי {name}",
    valid: "בתוקף עד {day}",
    withdrawn: "בוטלה ב־{day}",
    over: "פגה ב־{day}",
    text: "הנוסח",
    withdraw: "ביטול ההסכמה",
    hint: "הביטול חל מיד: היכרות שטרם נעשתה מסתיימת, ולא יישלח עוד דואר עליה. את מה שנשלח קודם לכן אי אפשר להחזיר.",
    link: "ההסכמות שלי",
};
