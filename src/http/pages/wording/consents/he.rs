//! Hebrew.

use super::super::Note;
use super::{AskWords, ConsentWords};

pub(in super::super) const WORDS: ConsentWords = ConsentWords {
    title: "ההסכמות שלי",
    lead: "לכך הסכים מי שקורא את {address} ב־Corridor הזה, בהפעלת {operator}.",
    none: "לא ניתנה הסכמה מכתובת זו.",
    introduction: "היכרות בתוכנית „{programme}”, עבור {organization}",
    proposals: "שיוצעו היכרויות עבור {organization}",
    recipient: "נמסר אל: {recipient}",
    recipient_later: "מוצגים לצד השני מיד: שם הארגון ומה שפרסם על עצמו. נמסרים לאחר ששני הצדדים הסכימו: שם האדם, תפקידו וכתובתו.",
    recipient_proposals: "לארגונים שבתוכניות מוצג תחילה תיאור ללא שמות; הנוסח מפרט מתי נמסרים שמות.",
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
    ask: AskWords {
        lead: "כאן אפשר לראות לְמה הסכים מי שקורא כתובת דוא״ל ב־Corridor הזה, בהפעלת {operator}, ולבטל כל הסכמה. הקישור נשלח אל הכתובת עצמה, כדי שאיש מלבדכם לא יראה אותו.",
        address: "כתובת הדוא״ל שלכם",
        send: "שלחו לי את הקישור",
        fault: "נא למסור כתובת דוא״ל, למשל name@example.com.",
        languages: "בשפה אחרת",
        sent: Note {
            heading: "תודה",
            text: "אם לכתובת זו יש כאן חשבון, או שניתנה ממנה הסכמה כלשהי, דוא״ל עם הקישור נמצא בדרך. בקשה נוספת בתוך רבע שעה אינה שולחת דוא״ל שני.",
        },
    },
};
