//! The words of a programme: the MoU's text in each language, the one that
//! controls, who signs in which order, and what a change after agreement does.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use sha2::{Digest, Sha256};

use super::calendar::latest_day;
use super::fault::Faults;
use super::ids::{OrganizationId, ProgrammeId, UserId};
use super::programme::ProgrammeStatus;
use super::refusal::Refusal;
use super::text::Language;
use super::values::codes;

/// Days before its end from which a programme is in its notice, where nothing
/// else was agreed.
pub const NOTICE_DAYS: u32 = 90;
/// The longest notice, in days.
pub const MOST_NOTICE_DAYS: u32 = 730;

codes! {
    /// How surely a signature is somebody's.
    SignatureLevel {
        /// By hand, on paper.
        Handwritten = "handwritten",
        /// Electronic, of any kind (`eIDAS` Art. 3 (10)).
        Simple = "simple",
        /// Advanced electronic (`eIDAS` Art. 26).
        Advanced = "advanced",
        /// Qualified electronic (`eIDAS` Art. 3 (12)).
        Qualified = "qualified",
    }
}

/// What came of asking for a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signing {
    /// Nothing yet.
    Pending,
    /// Signed.
    Signed {
        /// How surely.
        level: SignatureLevel,
        /// On which day.
        on: NaiveDate,
        /// Where that can be seen: an archive, a register, a file.
        evidence: String,
        /// The digest of the texts that were signed.
        digest: [u8; 32],
    },
    /// Refused.
    Declined {
        /// Why.
        reason: String,
    },
}

impl Signing {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Signed { .. } => "signed",
            Self::Declined { .. } => "declined",
        }
    }
}

/// Somebody who signs for a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatory {
    /// For which party.
    pub organization: OrganizationId,
    /// Who signs.
    pub name: String,
    /// As what.
    pub title: Option<String>,
    /// What came of it.
    pub signing: Signing,
    /// Who put it on record, and when; none while it is pending.
    pub recorded: Option<(UserId, DateTime<Utc>)>,
}

/// What the parties of a programme agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Which programme.
    pub programme: ProgrammeId,
    /// Days before its end from which it is in its notice.
    pub notice_days: u32,
    /// The language that controls where two differ.
    pub controlling: Option<Language>,
    /// The text in each language.
    pub texts: BTreeMap<Language, String>,
    /// Who signs, in their order.
    pub signatories: Vec<Signatory>,
    /// The digest of what was agreed; none before.
    pub agreed: Option<[u8; 32]>,
    /// The programme that this one goes on from.
    pub predecessor: Option<ProgrammeId>,
}

impl Agreement {
    /// Nothing written yet.
    pub const fn empty(programme: ProgrammeId) -> Self {
        Self {
            programme,
            notice_days: NOTICE_DAYS,
            controlling: None,
            texts: BTreeMap::new(),
            signatories: Vec::new(),
            agreed: None,
            predecessor: None,
        }
    }

    /// The first day of its notice.
    pub fn notice_on(&self, ends_on: NaiveDate) -> NaiveDate {
        let days = Days::new(u64::from(self.notice_days));
        ends_on.checked_sub_days(days).unwrap_or(NaiveDate::MIN)
    }

    /// SHA-256 of a text, by which a change shows.
    pub fn hash_of(text: &str) -> [u8; 32] {
        Sha256::digest(text.as_bytes()).into()
    }

    /// One digest of all texts with their languages and of which one controls.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let controlling = self.controlling.as_ref().map(ToString::to_string);
        hash.update(controlling.unwrap_or_default());
        for (language, text) in &self.texts {
            // Lengths keep one text from running into the next language.
            for part in [language.to_string().as_str(), text] {
                hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                hash.update(part);
            }
        }
        hash.finalize().into()
    }

    /// Whether the texts are those that were agreed; also before agreement.
    pub fn is_intact(&self) -> bool {
        self.agreed.is_none_or(|agreed| agreed == self.digest())
    }

    /// Every fault of what was written, for a programme with these parties.
    pub fn faults(&self, parties: &[OrganizationId]) -> Faults {
        let mut faults = Faults::new();
        if self.notice_days > MOST_NOTICE_DAYS {
            let detail = format!("A notice is at most {MOST_NOTICE_DAYS} days.");
            faults.push("/notice_days", "out_of_range", detail);
        }
        match &self.controlling {
            Some(language) if !self.texts.contains_key(language) => {
                let detail = "There is no text in this language.";
                faults.push("/controlling_language", "no_such_text", detail);
            }
            None if !self.texts.is_empty() => {
                let detail = "Say which language controls where two differ.";
                faults.push("/controlling_language", "required", detail);
            }
            _ => {}
        }
        for (place, signatory) in self.signatories.iter().enumerate() {
            if !parties.contains(&signatory.organization) {
                let pointer = format!("/signatories/{place}/organization");
                faults.push(pointer, "not_a_party", "Only a party signs.");
            }
        }
        faults
    }

    /// Whether what is written may be changed; agreed texts go back to
    /// negotiation with it.
    pub fn check_writable(status: ProgrammeStatus) -> Result<(), Refusal> {
        use ProgrammeStatus as S;
        match status {
            S::Draft | S::Negotiation | S::TextAgreed => Ok(()),
            _ => Err(Refusal::new(
                "text_frozen",
                "The texts are being signed or were; a change needs another negotiation.",
            )),
        }
    }

    /// Whether there is something to agree on: a text in some language, and which
    /// language controls.
    pub fn check_written(&self) -> Result<(), Refusal> {
        let mut missing = Faults::new();
        if self.texts.is_empty() {
            let detail = "There is no text to agree on.";
            missing.push("/texts", "required", detail);
        }
        missing.finish().map_err(Refusal::incomplete)
    }

    /// Whether texts were agreed and still are what was agreed.
    pub fn check_intact(&self) -> Result<(), Refusal> {
        self.check_written()?;
        if self.agreed.is_some() && self.is_intact() {
            Ok(())
        } else {
            Err(Refusal::new(
                "text_changed",
                "The texts are not those that were agreed; negotiate again.",
            ))
        }
    }

    /// Whether each of these parties, who are to sign, has a signatory, and
    /// somebody signs at all.
    pub fn check_signatories(&self, signing: &[OrganizationId]) -> Result<(), Refusal> {
        let mut missing = Faults::new();
        if self.signatories.is_empty() {
            missing.push("/signatories", "required", "Somebody signs the texts.");
        }
        for party in signing {
            let mut signatories = self.signatories.iter();
            if !signatories.any(|signatory| signatory.organization == *party) {
                let detail = format!("Nobody signs for the party {party}.");
                missing.push("/signatories", "party_without_signatory", detail);
            }
        }
        missing.finish().map_err(Refusal::incomplete)
    }

    /// Whether everybody who was to has signed, each what was agreed.
    pub fn check_signed(&self) -> Result<(), Refusal> {
        let mut missing = Faults::new();
        for (place, signatory) in self.signatories.iter().enumerate() {
            let pointer = format!("/signatories/{place}");
            match &signatory.signing {
                Signing::Signed { digest, .. } if self.agreed == Some(*digest) => {}
                Signing::Signed { .. } => {
                    missing.push(pointer, "signed_another_text", signatory.name.clone());
                }
                Signing::Pending | Signing::Declined { .. } => {
                    missing.push(pointer, "unsigned", signatory.name.clone());
                }
            }
        }
        missing.finish().map_err(Refusal::incomplete)
    }

    /// Whose turn it is to sign.
    pub fn next(&self) -> Option<usize> {
        let mut signatories = self.signatories.iter();
        signatories.position(|signatory| signatory.signing == Signing::Pending)
    }

    /// Records what a party's signatory did, in the agreed order.
    pub fn sign(
        &mut self,
        organization: OrganizationId,
        signing: Signing,
        (by, at): (UserId, DateTime<Utc>),
    ) -> Result<(), Refusal> {
        self.check_intact()?;
        if let Signing::Signed { on, .. } = &signing
            && *on > latest_day(at)
        {
            return Err(Refusal::new(
                "in_the_future",
                "A signature is recorded once it is there.",
            ));
        }
        let next = self.next();
        let signatory = next.and_then(|place| self.signatories.get_mut(place));
        let signatory = signatory.filter(|it| it.organization == organization);
        let Some(signatory) = signatory else {
            return Err(Refusal::new(
                "not_their_turn",
                "The signatures follow the agreed order, each once.",
            ));
        };
        signatory.signing = signing;
        signatory.recorded = Some((by, at));
        Ok(())
    }

    /// Forgets what was agreed and signed: the texts are open again.
    pub fn reopen(&mut self) {
        self.agreed = None;
        for signatory in &mut self.signatories {
            signatory.signing = Signing::Pending;
            signatory.recorded = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn agreement() -> Agreement {
        let signatory = |id: u128| Signatory {
            organization: Uuid::from_u128(id).into(),
            name: format!("Signatory {id}"),
            title: None,
            signing: Signing::Pending,
            recorded: None,
        };
        Agreement {
            controlling: "en".parse().ok(),
            texts: [("en", "We agree."), ("he", "אנו מסכימים.")]
                .into_iter()
                .filter_map(|(language, text)| Some((language.parse().ok()?, text.to_owned())))
                .collect(),
            signatories: vec![signatory(1), signatory(2)],
            ..Agreement::empty(Uuid::nil().into())
        }
    }

    #[test]
    fn any_change_after_agreement_shows() {
        let mut agreed = agreement();
        agreed.agreed = Some(agreed.digest());
        assert!(agreed.is_intact());
        let mut one_letter = agreed.clone();
        for text in one_letter.texts.values_mut() {
            text.push(' ');
        }
        assert!(!one_letter.is_intact());
        let mut other = agreed.clone();
        other.controlling = "he".parse().ok();
        assert!(!other.is_intact());
        let mut fewer = agreed;
        fewer.texts.pop_last();
        assert!(!fewer.is_intact());
    }

    #[test]
    fn texts_are_signed_for_each_party_that_signs() {
        let parties = [Uuid::from_u128(1).into(), Uuid::from_u128(2).into()];
        let mut agreed = agreement();
        agreed.check_signatories(&parties).unwrap();
        agreed.signatories.pop();
        assert!(agreed.check_signatories(&parties).is_err());
        agreed.signatories.clear();
        assert!(agreed.check_signatories(&[]).is_err());
        agreed.texts.clear();
        assert!(agreed.check_signatories(&parties).is_err());
    }

    #[test]
    fn nothing_comes_into_force_without_a_text_that_was_agreed() {
        let mut none = Agreement::empty(Uuid::nil().into());
        assert_eq!(none.check_written().unwrap_err().code, "incomplete");
        assert_eq!(none.check_intact().unwrap_err().code, "incomplete");
        none.agreed = Some(none.digest());
        assert_eq!(none.check_intact().unwrap_err().code, "incomplete");
        let mut written = agreement();
        assert_eq!(written.check_intact().unwrap_err().code, "text_changed");
        written.agreed = Some(written.digest());
        written.check_intact().unwrap();
    }

    #[test]
    fn signatures_follow_their_order() {
        let mut agreed = agreement();
        let digest = agreed.digest();
        agreed.agreed = Some(digest);
        let at = DateTime::UNIX_EPOCH;
        let signed = || Signing::Signed {
            level: SignatureLevel::Qualified,
            on: at.date_naive(),
            evidence: "Archive 7".to_owned(),
            digest,
        };
        let by = (Uuid::nil().into(), at);
        let (first, second) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        let early = agreed.sign(second, signed(), by).unwrap_err();
        assert_eq!(early.code, "not_their_turn");
        assert!(agreed.check_signed().is_err());
        agreed.sign(first, signed(), by).unwrap();
        assert!(agreed.sign(first, signed(), by).is_err());
        agreed.sign(second, signed(), by).unwrap();
        agreed.check_signed().unwrap();
        // A signature under another text is none under this one.
        agreed.agreed = Some([7; 32]);
        assert!(agreed.check_signed().is_err());
    }
}
