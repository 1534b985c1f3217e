//! Hebrew.

use super::{AccountWords, NewsWords, TicketWords};

pub(in crate::mail) const WORDS: AccountWords = AccountWords {
    expiry: "הקישור תקף לשימוש אחד, עד {expires}.",
    footer: "הודעה זו נשלחה אליכם משום שכתובת זו נמסרה במערכת Corridor. ההודעה נשלחה באופן אוטומטי.",
    registration: TicketWords {
        subject: "נא לאשר את הכתובת שלכם ב־Corridor",
        lead: "רשמתם את {firm} במערכת Corridor. פתחו את הדף כדי לאשר שהכתובת שלכם; החשבון ייפתח עם האישור.",
        action: "אישור הכתובת",
        otherwise: "אם לא אתם עשיתם זאת, אל תפתחו את הקישור: לא ייפתח חשבון, והפרטים שהוזנו יימחקו.",
    },
    invitation: TicketWords {
        subject: "הזמנה אל {firm} ב־Corridor מאת {by}",
        lead: "התקבלה הזמנה מאת {by} לפעול בשם {firm} במערכת Corridor, שבה נערכות היכרויות בין חברות הזנק למשקיעים.",
        action: "קבלת ההזמנה",
        otherwise: "אם השולח אינו מוכר לכם, התעלמו מהודעה זו: דבר לא יקרה.",
    },
    invitation_plain: TicketWords {
        subject: "הזמנה אל {firm} ב־Corridor",
        lead: "אתם מוזמנים לפעול בשם {firm} במערכת Corridor.",
        action: "קבלת ההזמנה",
        otherwise: "אם לא ציפיתם להודעה, התעלמו ממנה: דבר לא יקרה.",
    },
    password_reset: TicketWords {
        subject: "בחירת סיסמה חדשה ל־Corridor",
        lead: "התקבלה בקשה לסיסמה חדשה לחשבון עם כתובת זו. פתחו את הדף כדי לבחור סיסמה; לאחר מכן תנותקו מכל המכשירים.",
        action: "בחירת סיסמה חדשה",
        otherwise: "אם לא אתם ביקשתם, התעלמו מהודעה זו: הסיסמה נשארת כפי שהיא.",
    },
    claim: TicketWords {
        subject: "{firm} ב־Corridor: האם הפרטים נכונים?",
        lead: "במערכת Corridor נערכות היכרויות בין חברות הזנק למשקיעים. הוכן שם עבורכם פרופיל של {firm}. הפרופיל אינו מוצג לאיש עד שתעיינו בו ותסכימו. בדף מוצג תוכנו; אפשר לאשר, לתקן או לסרב.",
        action: "עיון בפרופיל",
        otherwise: "אם לא תענו, הפרופיל לא יוצג לאיש.",
    },
    news: NewsWords {
        subject: "עדכון על החשבון שלכם ב־Corridor",
        at: "מועד: {at}.",
        otherwise: "אם לא אתם עשיתם זאת, בחרו מיד סיסמה חדשה וכתבו לצוות התוכנית.",
        password_changed: "הסיסמה של החשבון הוחלפה, ומכשירים אחרים נותקו.",
        session_copied: "נעשה שימוש בהעתק של הכניסה שלכם, ולכן היא נסגרה. נא להיכנס שוב.",
        second_factor_set: "מעתה מוגן החשבון באימות נוסף.",
        second_factor_removed: "האימות הנוסף של החשבון הוסר.",
        recovery_code_used: "נעשתה כניסה לחשבון באמצעות קוד שחזור.",
        recovery_codes_renewed: "קודי השחזור של החשבון הוחלפו; הקודים הישנים אינם תקפים עוד.",
        key_made: "נוצר מפתח לתוכנות עבור החשבון.",
        roles_changed: "תפקידכם בארגון במערכת Corridor נוסף, שונה או הוסר.",
        account_closed: "החשבון נסגר, וכל המכשירים נותקו.",
        account_reopened: "החשבון נפתח מחדש.",
    },
};
