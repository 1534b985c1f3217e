//! Hebrew.

use super::{DigestWords, RegularWords};

pub(in crate::mail) const WORDS: RegularWords = RegularWords {
    digest: DigestWords {
        subject: "התאמות חדשות עבור „{mandate}”: {count}",
        lead: "ההתאמות הבאות הגיעו למנדט „{mandate}” מאז הסיכום הקודם וממתינות לתשובה. שם הסטארט־אפ אינו נמסר לפני שהוא מסכים לכך.",
        section: "{number}. {band}",
        risk: "מה עומד מנגד",
        missing: "מה עדיין לא ידוע",
        answer: "תשובה: מעניין, לא בשבילנו, או מאוחר יותר",
        brief: "עמוד אחד להדפסה עבור ועדה",
        more: "עוד ממתינות: {more}. הן מופיעות ברשימת ההתאמות של המנדט.",
        personal: "הקישורים מיועדים לך בלבד. נא לא להעביר אותם הלאה.",
        footer: "הודעה זו נשלחה אליכם משום שהארגון שלכם מחפש סטארט־אפים באמצעות המנדט „{mandate}” במערכת Corridor. ההודעה נשלחה באופן אוטומטי.",
    },
};
