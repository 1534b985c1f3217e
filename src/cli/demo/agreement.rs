//! The demo's MoU: written in three languages, agreed, signed by each party, and
//! then in force, as any programme comes to be.

use std::collections::BTreeMap;

use crate::domain::agreement::{Agreement, NOTICE_DAYS, Signatory, SignatureLevel, Signing};
use crate::domain::programme::{Programme, ProgrammeAction};
use crate::domain::text::Language;
use crate::services::agreements::{self, NewSigning};
use crate::services::{Caller, Context, programmes};

use super::Failure;
use super::data::value;

/// What the parties of the demo agree on.
const TEXTS: [(&str, &str); 3] = [
    (
        "en",
        "Memorandum of understanding. The parties open a corridor for startups and investors of both countries, name each other’s firms to one another only once both have agreed, and account every half year for what came of it. The English text controls.",
    ),
    (
        "he",
        "מזכר הבנות. הצדדים פותחים מסדרון לחברות הזנק ולמשקיעים של שתי המדינות, מציגים את ארגוניהם זה לזה רק לאחר ששני הצדדים הסכימו, ומדווחים אחת לחצי שנה על התוצאות. הנוסח האנגלי הוא המחייב.",
    ),
    (
        "az",
        "Anlaşma memorandumu. Tərəflər hər iki ölkənin startap və investorları üçün dəhliz açır, təşkilatları bir-birinə yalnız hər ikisi razılıq verdikdən sonra adları ilə tanıdır və nəticələr barədə yarım ildən bir hesabat verir. İngilis dilində olan mətn əsasdır.",
    ),
];

/// Brings a programme into force: its texts are agreed, then each party signs.
pub(super) async fn bring_into_force(
    context: &Context,
    curator: &Caller,
    draft: Programme,
) -> Result<Programme, Failure> {
    let id = draft.id;
    let parties = draft.details.parties.iter();
    let signatories: Vec<Signatory> = parties
        .map(|party| Signatory {
            organization: party.organization,
            name: "The director".to_owned(),
            title: None,
            signing: Signing::Pending,
            recorded: None,
        })
        .collect();
    let texts: BTreeMap<Language, String> = TEXTS
        .iter()
        .map(|(language, text)| Ok((value(language)?, (*text).to_owned())))
        .collect::<Result<_, String>>()
        .map_err(Failure::new)?;
    let written = Agreement {
        notice_days: NOTICE_DAYS,
        controlling: Some(Language::english()),
        texts,
        signatories: signatories.clone(),
        ..Agreement::empty(id)
    };
    step(context, curator, id, ProgrammeAction::Negotiate).await?;
    agreements::write(context, curator, id, None, written).await?;
    for action in [ProgrammeAction::AgreeText, ProgrammeAction::StartSigning] {
        step(context, curator, id, action).await?;
    }
    for signatory in signatories {
        let signing = NewSigning {
            organization: signatory.organization,
            signing: Signing::Signed {
                level: SignatureLevel::Handwritten,
                on: context.now().date_naive(),
                evidence: "The demo’s archive".to_owned(),
                digest: [0; 32],
            },
        };
        agreements::record_signing(context, curator, None, id, None, signing).await?;
    }
    step(context, curator, id, ProgrammeAction::Activate).await
}

async fn step(
    context: &Context,
    curator: &Caller,
    id: crate::domain::ids::ProgrammeId,
    action: ProgrammeAction,
) -> Result<Programme, Failure> {
    Ok(programmes::transition(context, curator, None, id, None, action, None).await?)
}
