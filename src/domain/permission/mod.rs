//! Who may do what: one table, asked by every use case.
//!
//! A [`Standing`] is what somebody is to the record at hand. The answer is
//! three-valued: what a person may not even see answers as if it were not
//! there, what they may see but not do is forbidden.

use super::account::{Membership, Role};
use super::ids::OrganizationId;
use super::values::{OrganizationKind, codes};

/// In which capacity somebody acts in a state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hat {
    /// For the startup whose record it is.
    Startup,
    /// For the investor whose record it is.
    Investor,
    /// For a partner firm.
    Partner,
    /// Runs programmes.
    Curator,
    /// Decides what may be disclosed.
    Compliance,
    /// The service itself.
    System,
}

impl Hat {
    /// The stable code, as the log says it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Investor => "investor",
            Self::Partner => "partner",
            Self::Curator => "curator",
            Self::Compliance => "compliance",
            Self::System => "system",
        }
    }
}

codes! {
    /// What a request wants to do. Every endpoint names one.
    Operation {
        /// Read one's own account.
        ReadAccount = "read_account",
        /// Change one's own account: sessions, password, second factor, keys.
        WriteAccount = "write_account",
        /// Read the taxonomy.
        ReadTaxonomy = "read_taxonomy",
        /// Change the taxonomy.
        WriteTaxonomy = "write_taxonomy",
        /// Read who decided what about tags.
        ReadTagDecisions = "read_tag_decisions",
        /// Read an organization.
        ReadOrganization = "read_organization",
        /// Read who belongs to an organization.
        ReadMembers = "read_members",
        /// Invite people into an organization, change and end their parts.
        WriteMembers = "write_members",
        /// Read anybody's account.
        ReadPerson = "read_person",
        /// Close and open anybody's account.
        WritePerson = "write_person",
        /// Read an organization's API clients.
        ReadClients = "read_clients",
        /// Make, change and revoke an organization's API clients.
        WriteClients = "write_clients",
        /// Change what an organization says of itself.
        WriteOrganization = "write_organization",
        /// Read which records may be of one firm.
        ReadDuplicates = "read_duplicates",
        /// Judge, merge and part them again.
        JudgeDuplicates = "judge_duplicates",
        /// Decide whether a report of abuse holds.
        JudgeAbuse = "judge_abuse",
        /// Ask a firm to stand behind what was written about it.
        AskToClaim = "ask_to_claim",
        /// Write a startup profile.
        WriteStartupProfile = "write_startup_profile",
        /// Read a startup profile.
        ReadStartupProfile = "read_startup_profile",
        /// Move a startup profile in its machine.
        MoveStartupProfile = "move_startup_profile",
        /// Write an investor profile.
        WriteInvestorProfile = "write_investor_profile",
        /// Read an investor profile.
        ReadInvestorProfile = "read_investor_profile",
        /// Move an investor profile in its machine.
        MoveInvestorProfile = "move_investor_profile",
        /// Write a mandate.
        WriteMandate = "write_mandate",
        /// Read a mandate.
        ReadMandate = "read_mandate",
        /// Move a mandate in its machine.
        MoveMandate = "move_mandate",
        /// Hand in a firm with its profile or mandate, for a partner.
        WriteReferral = "write_referral",
        /// Read what became of what a partner handed in.
        ReadReferral = "read_referral",
        /// Hand in a file of firms, start and cancel its import.
        WriteImport = "write_import",
        /// Read what became of the rows of a file.
        ReadImport = "read_import",
        /// Have a file made of what one may read, and fetch it.
        Export = "export",
        /// Write a programme, admit to it.
        WriteProgramme = "write_programme",
        /// Read a programme.
        ReadProgramme = "read_programme",
        /// Read what a programme promises and what came of it.
        ReadCommitment = "read_commitment",
        /// Write what a programme promises.
        WriteCommitment = "write_commitment",
        /// Add evidence of what came of a promise.
        WriteEvidence = "write_evidence",
        /// Read what firms show each other.
        ReadPractice = "read_practice",
        /// Propose that one firm shows another something.
        WritePractice = "write_practice",
        /// Agree to that, note sessions, say what came of it.
        MovePractice = "move_practice",
        /// Open a deal of two sides that know each other already.
        OpenDeal = "open_deal",
        /// Read the rule sets programmes match by, and what they would change.
        ReadRules = "read_rules",
        /// Draft, change and simulate a rule set.
        WriteRules = "write_rules",
        /// Publish or retire a rule set.
        PublishRules = "publish_rules",
        /// Read what money is worth.
        ReadRates = "read_rates",
        /// Say what money is worth.
        WriteRates = "write_rates",
        /// Read documents and who opened them.
        ReadDocument = "read_document",
        /// Upload and change documents, and grant who may open them.
        WriteDocument = "write_document",
        /// Withdraw, erase or judge a document.
        MoveDocument = "move_document",
        /// Read export licences.
        ReadLicence = "read_licence",
        /// Write an export licence down.
        WriteLicence = "write_licence",
        /// Read what a firm declared of its competitors.
        ReadWall = "read_wall",
        /// Declare and move walls between competitors.
        WriteWall = "write_wall",
        /// Record clearances, freezes and blocks.
        WriteCompliance = "write_compliance",
        /// Read them.
        ReadCompliance = "read_compliance",
        /// See the live ranking and compute matches.
        RankMatches = "rank_matches",
        /// Read a match.
        ReadMatch = "read_match",
        /// Release a match, or decide one under review.
        MoveMatch = "move_match",
        /// Ask for an introduction.
        RequestIntroduction = "request_introduction",
        /// Read an introduction.
        ReadIntroduction = "read_introduction",
        /// Answer, withdraw, decide or report on an introduction.
        MoveIntroduction = "move_introduction",
        /// Read a deal.
        ReadDeal = "read_deal",
        /// Report on, move, hold or end a deal.
        MoveDeal = "move_deal",
        /// Read the whole log.
        ReadLog = "read_log",
        /// Read the queue of messages.
        ReadMessages = "read_messages",
        /// Read what a mail said, its links left out.
        ReadMessageBody = "read_message_body",
        /// Try a dead message again.
        RetryMessage = "retry_message",
        /// Say that a mail came back.
        ReportBounce = "report_bounce",
    }
}

codes! {
    /// What a token of a program may be limited to (RFC 6749 §3.3).
    Scope {
        /// Read one's own account.
        AccountRead = "account:read",
        /// Read the taxonomy.
        TaxonomyRead = "taxonomy:read",
        /// Read organizations and who belongs to them.
        OrganizationsRead = "organizations:read",
        /// Read startup profiles.
        ProfilesRead = "profiles:read",
        /// Write and move startup profiles.
        ProfilesWrite = "profiles:write",
        /// Read documents.
        DocumentsRead = "documents:read",
        /// Upload, change and move documents.
        DocumentsWrite = "documents:write",
        /// Read mandates.
        MandatesRead = "mandates:read",
        /// Write and move mandates.
        MandatesWrite = "mandates:write",
        /// Read what became of referrals.
        ReferralsRead = "referrals:read",
        /// Refer firms.
        ReferralsWrite = "referrals:write",
        /// Read programmes.
        ProgrammesRead = "programmes:read",
        /// Write programmes.
        ProgrammesWrite = "programmes:write",
        /// Read what money is worth.
        RatesRead = "rates:read",
        /// Say what money is worth.
        RatesWrite = "rates:write",
        /// Read what compliance recorded.
        ComplianceRead = "compliance:read",
        /// Record it.
        ComplianceWrite = "compliance:write",
        /// Rank and read matches.
        MatchesRead = "matches:read",
        /// Release and answer matches.
        MatchesWrite = "matches:write",
        /// Read introductions.
        IntroductionsRead = "introductions:read",
        /// Ask for and answer introductions.
        IntroductionsWrite = "introductions:write",
        /// Read deals.
        DealsRead = "deals:read",
        /// Report on and move deals.
        DealsWrite = "deals:write",
        /// Read the log.
        LogRead = "log:read",
        /// Read the queue of messages.
        MessagesRead = "messages:read",
        /// Have messages tried again.
        MessagesWrite = "messages:write",
        /// Say that mail came back.
        BouncesWrite = "bounces:write",
    }
}

impl Scope {
    /// Whether it lets a program change something.
    pub fn writes(self) -> bool {
        self.code().ends_with(":write")
    }
}

/// The scope that lets a program do something; none for what only a person in
/// a session does: people, accounts, keys, clients, and which rules hold.
pub const fn scope(operation: Operation) -> Option<Scope> {
    use Operation as O;
    use Scope as S;

    match operation {
        O::ReadAccount => Some(S::AccountRead),
        O::ReadTaxonomy | O::ReadTagDecisions => Some(S::TaxonomyRead),
        O::ReadOrganization | O::ReadMembers | O::ReadDuplicates => Some(S::OrganizationsRead),
        O::ReadStartupProfile | O::ReadInvestorProfile | O::ReadLicence | O::ReadWall => {
            Some(S::ProfilesRead)
        }
        O::WriteStartupProfile
        | O::WriteLicence
        | O::WriteWall
        | O::MoveStartupProfile
        | O::WriteInvestorProfile
        | O::MoveInvestorProfile => Some(S::ProfilesWrite),
        O::ReadDocument => Some(S::DocumentsRead),
        O::WriteDocument | O::MoveDocument => Some(S::DocumentsWrite),
        O::ReadMandate => Some(S::MandatesRead),
        O::WriteMandate | O::MoveMandate => Some(S::MandatesWrite),
        O::ReadReferral | O::ReadImport => Some(S::ReferralsRead),
        O::WriteReferral | O::WriteImport => Some(S::ReferralsWrite),
        O::ReadProgramme | O::ReadCommitment | O::ReadPractice | O::ReadRules => {
            Some(S::ProgrammesRead)
        }
        O::WriteProgramme
        | O::WriteCommitment
        | O::WriteEvidence
        | O::WritePractice
        | O::MovePractice
        | O::WriteRules => Some(S::ProgrammesWrite),
        O::ReadRates => Some(S::RatesRead),
        O::WriteRates => Some(S::RatesWrite),
        O::ReadCompliance => Some(S::ComplianceRead),
        O::WriteCompliance => Some(S::ComplianceWrite),
        O::RankMatches | O::ReadMatch => Some(S::MatchesRead),
        O::MoveMatch => Some(S::MatchesWrite),
        O::ReadIntroduction => Some(S::IntroductionsRead),
        O::RequestIntroduction | O::MoveIntroduction => Some(S::IntroductionsWrite),
        O::ReadDeal => Some(S::DealsRead),
        O::MoveDeal | O::OpenDeal => Some(S::DealsWrite),
        O::ReadLog => Some(S::LogRead),
        O::ReadMessages => Some(S::MessagesRead),
        O::RetryMessage => Some(S::MessagesWrite),
        O::ReportBounce => Some(S::BouncesWrite),
        // By which rules a programme matches, and which firms are one, is a
        // person's decision. A file of everything would go around the scopes.
        O::PublishRules
        | O::WriteTaxonomy
        | O::Export
        | O::JudgeDuplicates
        | O::JudgeAbuse
        | O::WriteOrganization
        | O::WriteAccount
        | O::WriteMembers
        | O::ReadPerson
        | O::WritePerson
        | O::ReadClients
        | O::WriteClients
        | O::AskToClaim
        | O::ReadMessageBody => None,
    }
}

/// What somebody is to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// A member of the organization whose record it is.
    Own(OrganizationKind, Role),
    /// A member of some other organization.
    Other(OrganizationKind, Role),
}

/// The table's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As if it were not there.
    Hidden,
    /// There, but not theirs to do.
    Forbidden,
    /// Go on.
    Allowed,
}

/// The table.
pub fn verdict(operation: Operation, standing: Standing) -> Verdict {
    use Operation as O;
    use OrganizationKind as K;
    use Role as R;
    use Verdict::{Allowed, Forbidden, Hidden};

    match (operation, standing) {
        // Everybody who is signed in.
        (
            O::ReadAccount | O::WriteAccount | O::ReadTaxonomy | O::ReadProgramme | O::ReadRates,
            _,
        ) => Allowed,

        // The operator's people, on anybody's records.
        (_, Standing::Own(K::Operator, role) | Standing::Other(K::Operator, role)) => {
            operator_verdict(operation, role)
        }

        // A firm's own people on the firm's own records.
        (
            O::ReadOrganization | O::ReadMembers | O::ReadCommitment | O::ReadPractice,
            Standing::Own(..),
        ) => Allowed,
        (O::WriteMembers, Standing::Own(_, role)) => match role {
            R::Owner => Allowed,
            _ => Forbidden,
        },
        (O::ReadClients | O::WriteClients, Standing::Own(K::Partner, role)) => match role {
            R::Owner => Allowed,
            _ => Forbidden,
        },
        (O::Export, Standing::Own(..)) => Allowed,
        (O::ReadReferral | O::ReadImport, Standing::Own(K::Partner, _))
        | (
            O::ReadStartupProfile | O::ReadDocument | O::ReadLicence,
            Standing::Own(K::Startup, _),
        )
        | (O::ReadMandate | O::ReadInvestorProfile, Standing::Own(K::Investor, _))
        | (
            O::ReadMatch | O::ReadIntroduction | O::ReadDeal | O::ReadWall,
            Standing::Own(K::Startup | K::Investor, _),
        ) => Allowed,
        (O::WriteEvidence | O::WriteOrganization | O::MovePractice, Standing::Own(_, role))
        | (
            O::WriteReferral | O::WriteImport | O::RequestIntroduction,
            Standing::Own(K::Partner, role),
        )
        | (
            O::WriteStartupProfile
            | O::MoveStartupProfile
            | O::WriteDocument
            | O::MoveDocument
            | O::WriteLicence,
            Standing::Own(K::Startup, role),
        )
        | (
            O::WriteMandate | O::MoveMandate | O::WriteInvestorProfile | O::MoveInvestorProfile,
            Standing::Own(K::Investor, role),
        )
        | (
            O::MoveMatch
            | O::RequestIntroduction
            | O::MoveIntroduction
            | O::MoveDeal
            | O::WriteWall,
            Standing::Own(K::Startup | K::Investor, role),
        ) => match role {
            R::Owner | R::Editor => Allowed,
            _ => Forbidden,
        },

        // Work of the operator's that firms know of but don't do.
        (
            O::WriteProgramme
            | O::OpenDeal
            | O::WriteCommitment
            | O::WritePractice
            | O::WriteRates
            | O::WriteTaxonomy,
            _,
        ) => Forbidden,

        _ => Hidden,
    }
}

fn operator_verdict(operation: Operation, role: Role) -> Verdict {
    use Operation as O;
    use Role as R;
    use Verdict::{Allowed, Forbidden, Hidden};

    let reads = matches!(
        operation,
        O::ReadOrganization
            | O::ReadMembers
            | O::ReadStartupProfile
            | O::ReadInvestorProfile
            | O::ReadDocument
            | O::ReadLicence
            | O::ReadWall
            | O::ReadMandate
            | O::ReadReferral
            | O::ReadImport
            | O::Export
            | O::ReadMatch
            | O::ReadIntroduction
            | O::ReadDeal
            | O::ReadCommitment
            | O::ReadPractice
            | O::ReadCompliance
            | O::ReadDuplicates
            | O::ReadRules
            | O::ReadTagDecisions
            | O::RankMatches
    );
    match role {
        R::Curator => match operation {
            // What a startup shows of its papers is its own to say.
            O::WriteDocument
            | O::MoveDocument
            | O::WriteLicence
            | O::WriteWall
            | O::WriteCompliance
            | O::ReadLog
            | O::WriteMembers
            | O::ReadPerson
            | O::WritePerson
            | O::ReadClients
            | O::WriteClients => Forbidden,
            _ => Allowed,
        },
        R::Compliance => match operation {
            _ if reads => Allowed,
            O::WriteCompliance
            | O::WriteLicence
            | O::WriteWall
            | O::WriteTaxonomy
            | O::MoveStartupProfile
            | O::MoveInvestorProfile
            | O::MoveDocument
            | O::MoveMandate
            | O::MoveMatch
            | O::MoveIntroduction
            | O::JudgeAbuse
            | O::MoveDeal
            | O::ReadMessages
            | O::ReadMessageBody => Allowed,
            _ => Forbidden,
        },
        R::Auditor => match operation {
            _ if reads => Allowed,
            O::ReadLog | O::ReadMessages | O::ReadMessageBody | O::ReadPerson | O::ReadClients => {
                Allowed
            }
            _ => Forbidden,
        },
        // Accounts and settings, no profile content.
        R::Admin => match operation {
            O::ReadOrganization
            | O::ReadMembers
            | O::WriteMembers
            | O::ReadPerson
            | O::WritePerson
            | O::ReadClients
            | O::WriteClients
            | O::ReadMessages
            | O::RetryMessage
            | O::WriteTaxonomy
            | O::ReadTagDecisions
            | O::ReportBounce => Allowed,
            O::ReadLog | O::ReadMessageBody | O::WriteRates => Forbidden,
            _ => Hidden,
        },
        R::Owner | R::Editor | R::Viewer => Hidden,
    }
}

/// The best verdict that any of somebody's memberships gives, for a record of
/// `owner` (several for a record that two sides share; none for a record of
/// the service itself).
pub fn decide(
    operation: Operation,
    memberships: &[Membership],
    owners: &[OrganizationId],
) -> Verdict {
    let recused = is_recused(memberships, owners);
    memberships
        .iter()
        .filter(|member| !recused || member.kind != OrganizationKind::Operator)
        .map(|member| {
            let own = owners.contains(&member.organization);
            let standing = if own {
                Standing::Own(member.kind, member.role)
            } else {
                Standing::Other(member.kind, member.role)
            };
            verdict(operation, standing)
        })
        .max()
        .unwrap_or(match operation {
            Operation::ReadAccount | Operation::WriteAccount | Operation::ReadTaxonomy => {
                Verdict::Allowed
            }
            _ => Verdict::Hidden,
        })
}

/// Whether somebody belongs to one of these firms other than as one of the
/// operator's people: then they have no say for the operator there.
pub fn is_recused(memberships: &[Membership], firms: &[OrganizationId]) -> bool {
    memberships.iter().any(|member| {
        member.kind != OrganizationKind::Operator && firms.contains(&member.organization)
    })
}

#[cfg(test)]
mod tests;
