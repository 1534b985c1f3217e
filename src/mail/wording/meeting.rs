//! The words about a time to meet.

use super::super::notice::Language;

/// Of the mail that connects, and of those that tell what changed.
pub(in crate::mail) struct MeetingWords {
    /// With `{startup}`, `{investor}`.
    pub subject: &'static str,
    /// With `{startup}`, `{investor}`.
    pub subject_moved: &'static str,
    /// With `{startup}`, `{investor}`.
    pub subject_cancelled: &'static str,
    /// Above the time, with `{minutes}`.
    pub proposed: &'static str,
    /// The same of another time, with `{programme}`, `{minutes}`.
    pub moved: &'static str,
    /// With `{programme}`.
    pub cancelled: &'static str,
    /// With `{time}`, `{organization}`.
    pub at: &'static str,
    /// With `{organization}`.
    pub day_off: &'static str,
    /// Above other times.
    pub others: &'static str,
    /// What to do with the invitation.
    pub invitation: &'static str,
    /// What to do without one.
    pub afterwards: &'static str,
}

pub(in crate::mail) const fn of(language: Language) -> &'static MeetingWords {
    match language {
        Language::En => &ENGLISH,
        Language::He => &HEBREW,
        Language::Az => &AZERBAIJANI,
        Language::Ru => &RUSSIAN,
    }
}

const ENGLISH: MeetingWords = MeetingWords {
    subject: "A time to meet: {startup} and {investor}",
    subject_moved: "A new time to meet: {startup} and {investor}",
    subject_cancelled: "The meeting is called off: {startup} and {investor}",
    proposed: "This time is proposed for a first meeting (minutes: {minutes}):",
    moved: "For your meeting in the programme “{programme}”, this time is proposed now (minutes: {minutes}):",
    cancelled: "The meeting that was proposed to you in the programme “{programme}” is called off. It was to begin at this time:",
    at: "{time} – {organization}",
    day_off: "Please note: {organization} has this day off.",
    others: "Other times that were offered",
    invitation: "The invitation for your calendar comes with this e-mail. If the time doesn’t suit you, reply to all and agree on another one.",
    afterwards: "Your calendar takes it out by itself, or you delete it. To agree on another time, write to each other.",
};

const HEBREW: MeetingWords = MeetingWords {
    subject: "מועד לפגישה: {startup} · {investor}",
    subject_moved: "מועד חדש לפגישה: {startup} · {investor}",
    subject_cancelled: "הפגישה בוטלה: {startup} · {investor}",
    proposed: "זה המועד המוצע לפגישה ראשונה (משך בדקות: {minutes}):",
    moved: "לפגישה שלכם בתוכנית „{programme}” מוצע כעת המועד הזה (משך בדקות: {minutes}):",
    cancelled: "הפגישה שהוצעה לכם בתוכנית „{programme}” בוטלה. היא נקבעה למועד הזה:",
    at: "{time} – {organization}",
    day_off: "לתשומת לבכם, זה יום מנוחה או חג אצל: {organization}.",
    others: "מועדים נוספים שהוצעו",
    invitation: "הזימון ליומן מצורף לדוא״ל הזה. אם המועד אינו מתאים, אפשר להשיב לכולם ולקבוע מועד אחר.",
    afterwards: "היומן יסיר את הפגישה מעצמו, או שאפשר למחוק אותה. כדי לקבוע מועד אחר, אפשר לכתוב זה לזה.",
};

const AZERBAIJANI: MeetingWords = MeetingWords {
    subject: "Görüş vaxtı: {startup} və {investor}",
    subject_moved: "Görüşün yeni vaxtı: {startup} və {investor}",
    subject_cancelled: "Görüş ləğv olundu: {startup} və {investor}",
    proposed: "İlk görüş üçün bu vaxt təklif olunur (dəqiqə: {minutes}):",
    moved: "“{programme}” proqramındakı görüşünüz üçün indi bu vaxt təklif olunur (dəqiqə: {minutes}):",
    cancelled: "“{programme}” proqramında sizə təklif olunmuş görüş ləğv olundu. O, bu vaxt başlamalı idi:",
    at: "{time} – {organization}",
    day_off: "Nəzərə alın: bu gün qeyri-iş günüdür – {organization}.",
    others: "Təklif olunmuş digər vaxtlar",
    invitation: "Təqviminiz üçün dəvət bu məktuba əlavə olunub. Vaxt uyğun deyilsə, hamıya cavab yazın və başqa vaxt razılaşdırın.",
    afterwards: "Təqvim görüşü özü silir və ya siz onu silə bilərsiniz. Başqa vaxt razılaşdırmaq üçün bir-birinizə yazın.",
};

const RUSSIAN: MeetingWords = MeetingWords {
    subject: "Время встречи: {startup} и {investor}",
    subject_moved: "Новое время встречи: {startup} и {investor}",
    subject_cancelled: "Встреча отменена: {startup} и {investor}",
    proposed: "Для первой встречи предлагается это время (минут: {minutes}):",
    moved: "Для вашей встречи в программе «{programme}» теперь предлагается это время (минут: {minutes}):",
    cancelled: "Встреча, предложенная вам в программе «{programme}», отменена. Она должна была начаться в это время:",
    at: "{time} – {organization}",
    day_off: "Обратите внимание: этот день – нерабочий у организации {organization}.",
    others: "Другие предложенные варианты",
    invitation: "Приглашение для календаря приложено к этому письму. Если время не подходит, ответьте всем и договоритесь о другом.",
    afterwards: "Календарь уберёт встречу сам, или её можно удалить. Чтобы договориться о другом времени, напишите друг другу.",
};
