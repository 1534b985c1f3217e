//! The single things that people are mailed of, in every language: what stands
//! beside a box, below that of its topic.

use crate::domain::mail_event::MailEvent as E;

pub(super) const fn en(event: E) -> &'static str {
    match event {
        E::IntroductionAsk => "Whether I want to be introduced",
        E::IntroductionReminder => "Reminders of such questions",
        E::IntroductionClosed => "A request came to nothing",
        E::IntroductionOver => "An introduction that was made has closed",
        E::AbuseReported => "Abuse was reported",
        E::DeliveryProblem => "An introduction could not be delivered",
        E::QuestionUndelivered => "A question could not be mailed",
        E::ProfileReceived => "It was received for review",
        E::ProfileChangesRequested => "Changes are asked for",
        E::ProfileRejected => "It was not accepted",
        E::ProfilePublished => "It is published",
        E::ProfileConfirmSoon => "It has to be confirmed soon",
        E::ProfileStale => "It was not confirmed in time",
        E::MandatePublished => "A mandate is published",
        E::MandateConfirmSoon => "A mandate has to be confirmed soon",
        E::MandateStale => "A mandate was not confirmed in time",
        E::MemberJoined => "Somebody joined",
        E::DocumentCleared => "A document was let through",
        E::DocumentRefused => "A document was refused",
        E::AdmissionWithdrawn => "A profile or mandate takes part in a programme no more",
        E::ProgrammeDeclined => "A party declined to sign a programme",
        E::ProgrammeExpiring => "A programme ends soon",
        E::ProgrammeOver => "A programme is over",
        E::PromiseAtRisk => "What was promised in a programme is behind",
    }
}

pub(super) const fn he(event: E) -> &'static str {
    match event {
        E::IntroductionAsk => "שאלה אם ליצור היכרות",
        E::IntroductionReminder => "תזכורות לשאלות כאלה",
        E::IntroductionClosed => "בקשה שלא התממשה",
        E::IntroductionOver => "היכרות שנוצרה ונסגרה",
        E::AbuseReported => "דיווח על שימוש לרעה",
        E::DeliveryProblem => "היכרות שלא ניתן היה למסור",
        E::QuestionUndelivered => "שאלה שלא ניתן היה לשלוח",
        E::ProfileReceived => "הפרופיל התקבל לבדיקה",
        E::ProfileChangesRequested => "התבקשו שינויים",
        E::ProfileRejected => "הפרופיל לא התקבל",
        E::ProfilePublished => "הפרופיל פורסם",
        E::ProfileConfirmSoon => "יש לאשר את הפרופיל בקרוב",
        E::ProfileStale => "הפרופיל לא אושר בזמן",
        E::MandatePublished => "מנדט פורסם",
        E::MandateConfirmSoon => "יש לאשר מנדט בקרוב",
        E::MandateStale => "מנדט לא אושר בזמן",
        E::MemberJoined => "הצטרפות לארגון",
        E::DocumentCleared => "מסמך אושר",
        E::DocumentRefused => "מסמך נדחה",
        E::AdmissionWithdrawn => "פרופיל או מנדט אינם משתתפים עוד בתוכנית",
        E::ProgrammeDeclined => "צד סירב לחתום על תוכנית",
        E::ProgrammeExpiring => "תוכנית מסתיימת בקרוב",
        E::ProgrammeOver => "תוכנית הסתיימה",
        E::PromiseAtRisk => "התחייבות בתוכנית מתעכבת",
    }
}

pub(super) const fn az(event: E) -> &'static str {
    match event {
        E::IntroductionAsk => "Tanış olmaq istəyib-istəmədiyim",
        E::IntroductionReminder => "Belə sualların xatırladılması",
        E::IntroductionClosed => "Sorğu nəticəsiz qaldı",
        E::IntroductionOver => "Baş tutmuş tanışlıq bağlandı",
        E::AbuseReported => "Sui-istifadə barədə məlumat verildi",
        E::DeliveryProblem => "Tanışlıq məktubu çatdırılmadı",
        E::QuestionUndelivered => "Sual göndərilə bilmədi",
        E::ProfileReceived => "Profil yoxlamaya qəbul edildi",
        E::ProfileChangesRequested => "Dəyişikliklər istənilir",
        E::ProfileRejected => "Profil qəbul edilmədi",
        E::ProfilePublished => "Profil dərc edildi",
        E::ProfileConfirmSoon => "Profil tezliklə təsdiqlənməlidir",
        E::ProfileStale => "Profil vaxtında təsdiqlənmədi",
        E::MandatePublished => "Mandat dərc edildi",
        E::MandateConfirmSoon => "Mandat tezliklə təsdiqlənməlidir",
        E::MandateStale => "Mandat vaxtında təsdiqlənmədi",
        E::MemberJoined => "Kimsə təşkilata qoşuldu",
        E::DocumentCleared => "Sənəd buraxıldı",
        E::DocumentRefused => "Sənəd rədd edildi",
        E::AdmissionWithdrawn => "Profil və ya mandat daha proqramda iştirak etmir",
        E::ProgrammeDeclined => "Tərəf proqramı imzalamaqdan imtina etdi",
        E::ProgrammeExpiring => "Proqram tezliklə bitir",
        E::ProgrammeOver => "Proqram bitdi",
        E::PromiseAtRisk => "Proqramda verilən söz gecikir",
    }
}

pub(super) const fn ru(event: E) -> &'static str {
    match event {
        E::IntroductionAsk => "Хочу ли я познакомиться",
        E::IntroductionReminder => "Напоминания о таких вопросах",
        E::IntroductionClosed => "Из запроса ничего не вышло",
        E::IntroductionOver => "Состоявшееся знакомство закрыто",
        E::AbuseReported => "Сообщено о злоупотреблении",
        E::DeliveryProblem => "Письмо-знакомство не доставлено",
        E::QuestionUndelivered => "Вопрос не удалось отправить",
        E::ProfileReceived => "Профиль принят на проверку",
        E::ProfileChangesRequested => "Просят внести изменения",
        E::ProfileRejected => "Профиль не принят",
        E::ProfilePublished => "Профиль опубликован",
        E::ProfileConfirmSoon => "Профиль скоро нужно подтвердить",
        E::ProfileStale => "Профиль не подтверждён вовремя",
        E::MandatePublished => "Мандат опубликован",
        E::MandateConfirmSoon => "Мандат скоро нужно подтвердить",
        E::MandateStale => "Мандат не подтверждён вовремя",
        E::MemberJoined => "Кто-то присоединился к организации",
        E::DocumentCleared => "Документ допущен",
        E::DocumentRefused => "Документ отклонён",
        E::AdmissionWithdrawn => "Профиль или мандат больше не участвует в программе",
        E::ProgrammeDeclined => "Сторона отказалась подписать программу",
        E::ProgrammeExpiring => "Программа скоро заканчивается",
        E::ProgrammeOver => "Программа закончилась",
        E::PromiseAtRisk => "Обещанное в программе отстаёт",
    }
}
