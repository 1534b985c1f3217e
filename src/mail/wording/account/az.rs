//! Azerbaijani.

use super::{AccountWords, NewsWords, TicketWords};

pub(in crate::mail) const WORDS: AccountWords = AccountWords {
    expiry: "Keçid bir dəfə işləyir, son vaxt: {expires}.",
    footer: "Bu məktubu bu ünvan Corridor platformasında göstərildiyi üçün alırsınız. Məktub avtomatik göndərilib.",
    registration: TicketWords {
        subject: "Corridor platformasında ünvanınızı təsdiqləyin",
        lead: "Siz Corridor platformasında bu təşkilatı qeydiyyatdan keçirmisiniz: {firm}. Ünvanın sizə məxsus olduğunu təsdiqləmək üçün səhifəni açın; hesab bundan sonra yaradılır.",
        action: "Ünvanı təsdiqləyin",
        otherwise: "Bunu siz etməmisinizsə, keçidi açmayın: hesab yaradılmır, daxil edilən məlumat silinir.",
    },
    invitation: TicketWords {
        subject: "Corridor: {firm} təşkilatına dəvət ({by})",
        lead: "{by} sizi Corridor platformasında bu təşkilat adından işləməyə dəvət edir: {firm}. Burada startaplarla investorlar tanış edilir.",
        action: "Dəvəti qəbul edin",
        otherwise: "Göndərəni tanımırsınızsa, bu məktuba əhəmiyyət verməyin: heç nə baş vermir.",
    },
    invitation_plain: TicketWords {
        subject: "Corridor: {firm} təşkilatına dəvət",
        lead: "Siz Corridor platformasında bu təşkilat adından işləməyə dəvət olunursunuz: {firm}.",
        action: "Dəvəti qəbul edin",
        otherwise: "Bunu gözləmirdinizsə, məktuba əhəmiyyət verməyin: heç nə baş vermir.",
    },
    password_reset: TicketWords {
        subject: "Corridor üçün yeni parol seçin",
        lead: "Bu ünvanlı hesab üçün yeni parol istənilib. Onu seçmək üçün səhifəni açın; bundan sonra bütün cihazlardan çıxış edilir.",
        action: "Yeni parol seçin",
        otherwise: "Bunu siz etməmisinizsə, məktuba əhəmiyyət verməyin: parol olduğu kimi qalır.",
    },
    claim: TicketWords {
        subject: "Corridor: {firm} haqqında məlumat düzgündürmü?",
        lead: "Corridor startapları investorlarla tanış edir. Orada sizin üçün bu təşkilatın profili hazırlanıb: {firm}. Siz ona baxıb razılıq verənədək profil heç kimə göstərilmir. Səhifədə onun məzmunu göstərilir; təsdiqləyə, düzəldə və ya imtina edə bilərsiniz.",
        action: "Profilə baxın",
        otherwise: "Cavab verməsəniz, profil heç kimə göstərilmir.",
    },
    my_consents: TicketWords {
        subject: "Corridor-da verdiyiniz razılıqlar",
        lead: "Kimsə, çox güman ki siz, bu ünvanı oxuyan şəxsin Corridor-da verdiyi razılıqlara keçid istəyib. Səhifədə onlar sadalanır və hər birini orada geri götürmək olar.",
        action: "Razılıqlarımı göstər",
        otherwise: "Bunu siz istəməmisinizsə, bu məktuba məhəl qoymayın: keçid başqa heç kimdə yoxdur və heç nə dəyişmir.",
    },
    news: NewsWords {
        subject: "Corridor hesabınız haqqında xəbər",
        at: "Vaxt: {at}.",
        otherwise: "Bunu siz etməmisinizsə, dərhal yeni parol seçin və proqram komandasına yazın.",
        password_changed: "Hesabınızın parolu dəyişdirilib, digər cihazlardan çıxış edilib.",
        session_copied: "Girişiniz surətdən istifadə olunduğu üçün bağlanıb. Zəhmət olmasa, yenidən daxil olun.",
        second_factor_set: "Hesabınız indi əlavə təsdiqlə qorunur.",
        second_factor_removed: "Hesabınızın əlavə təsdiqi götürülüb.",
        recovery_code_used: "Hesabınıza bərpa kodu ilə daxil olunub.",
        recovery_codes_renewed: "Hesabınızın bərpa kodları dəyişdirilib; köhnələr daha işləmir.",
        key_made: "Hesabınız üçün proqram açarı yaradılıb.",
        roles_changed: "Corridor platformasında bir təşkilatdakı rolunuz verilib, dəyişdirilib və ya götürülüb.",
        account_closed: "Hesabınız bağlanıb, bütün cihazlardan çıxış edilib.",
        account_reopened: "Hesabınız yenidən açılıb.",
        member_joined: "Corridor platformasında təşkilatınıza kimsə qoşulub. Kim olduğunu təşkilatın işçilər siyahısı göstərir; yeri orada deyilsə, rolunu götürün.",
        document_cleared: "Təşkilatınızın bir sənədi yoxlanılıb və buraxılıb: icazə verdiyiniz tərəflərə açıqdır. Onu kimin açdığını baxış jurnalı göstərir.",
        document_refused: "Təşkilatınızın bir sənədi yoxlanılıb və rədd edilib: onu sizdən başqa heç kim aça bilməz. Adını və ya faylını dəyişə, yaxud silə bilərsiniz.",
        admission_withdrawn: "Təşkilatınızın bir profili və ya mandatı artıq proqramda iştirak etmir: orada ona dair yeni heç nə göstərilmir, göndərilməmiş tanışlıqlar bitib. Əvvəl qurulmuş əlaqələr davam edir. Səbəbini operatorun əməkdaşları deyə bilər.",
        programme_declined: "Tərəflərdən biri təşkilatınızın tərəfi olduğu proqramı imzalamaqdan imtina edib və proqram bu halda qüvvəyə minməyəcək. Kimin və nə üçün imtina etdiyini saziş göstərir.",
        programme_expiring: "Təşkilatınızın tərəfi olduğu proqramın müddəti başa çatır: xəbərdarlıq müddəti başlayıb. Yenilənib-yenilənməyəcəyini operatora bildirin.",
        programme_over: "Təşkilatınızın tərəfi olduğu proqram başa çatıb. Qurduğu əlaqələr davam edir, göstəricilər cədvəli olduğu kimi qalır.",
        promise_at_risk: "Təşkilatınızın proqramda verdiyi bir öhdəlik gecikir. Nə qədər irəlilədiyini göstəricilər cədvəli göstərir; sübut da əlavə etmək olar.",
    },
};
