//! Which codes a field knows, for those who generate a client from the
//! document. The types behind the fields are the domain's own.

use yaml_serde::{Mapping, Value};

use crate::domain::account::Role;
use crate::domain::admission::{AdmissionAction, AdmissionKind};
use crate::domain::bounce::BounceOutcome;
use crate::domain::closing::{ClosingAction, ClosingStatus};
use crate::domain::commitment::{CommitmentStatus, Goal};
use crate::domain::compliance::{ClearanceVerdict, FreezeState, WaitingKind};
use crate::domain::consent::ConsentAction;
use crate::domain::criterion::{CriterionKind, CriterionRole, ValueKind};
use crate::domain::deal_document::DealDocumentClass;
use crate::domain::deal_work::{Camp, NoteAction, NoteState, TaskAction, TaskStatus, Visibility};
use crate::domain::document::{DocumentAction, DocumentClass, DocumentState};
use crate::domain::duplicate::{DuplicateAction, DuplicateState, Ground};
use crate::domain::export::{ExportAction, ExportKind, ExportState};
use crate::domain::import::{FileFormat, ImportAction, ImportState, RowOutcome};
use crate::domain::introduction::IntroductionStatus;
use crate::domain::investor::{AccreditationStatus, AssetsBand};
use crate::domain::licence::{LicenceAction, LicenceStatus};
use crate::domain::mail_state::MessageState;
use crate::domain::mandate::{MandateAction, MandateStatus};
use crate::domain::meeting::MeetingStatus;
use crate::domain::message::SuppressionReason;
use crate::domain::pipeline::DealStatus;
use crate::domain::pipeline_set::{PipelineSetAction, PipelineSetStatus};
use crate::domain::practice::PracticeStatus;
use crate::domain::profile::{ProfileAction, ProfileStatus};
use crate::domain::programme::{PartyRole, ProgrammeAction, ProgrammeStatus};
use crate::domain::programme_evidence::{EvidenceAction, EvidenceState};
use crate::domain::referral::{Claim, ReferralState};
use crate::domain::releasing::{ReleaseAction, ReleaseStatus};
use crate::domain::rematch::RematchStatus;
use crate::domain::report::{Period, ReportKind};
use crate::domain::requester::Requester;
use crate::domain::review::{Audience, Curation, MatchStatus};
use crate::domain::rule_set::{RuleSetAction, RuleSetStatus};
use crate::domain::saved_view::ListKind;
use crate::domain::scoring::Band;
use crate::domain::suspension::Ruling as AbuseRuling;
use crate::domain::syndicate::Subscription;
use crate::domain::tag::keeping::{LabelsState, TagAction};
use crate::domain::tag::{Sensitivity, TagKind};
use crate::domain::values::{CloseCode, InvestorRole, OrganizationKind, Side, Stage};
use crate::domain::wall::{WallAction, WallReach, WallStatus};
use crate::domain::worklist::{RecordKind, WorkKind};
use crate::http::api::{deals, gaps, introductions, matches, reports};
use crate::services::people::AccountAction;

/// States the codes of each parameter of a query that has a closed list of
/// them, by the operation's name.
pub(super) fn state_parameters(paths: &mut Mapping) {
    let known = of_queries();
    let items = paths
        .iter_mut()
        .filter_map(|(_, item)| item.as_mapping_mut());
    for (_, operation) in items.flatten() {
        let name = operation.get("operationId").and_then(Value::as_str);
        let Some(name) = name.map(str::to_owned) else {
            continue;
        };
        let parameters = operation.get_mut("parameters");
        let parameters = parameters.and_then(Value::as_sequence_mut);
        for parameter in parameters.into_iter().flatten() {
            let own = parameter
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let own = format!("{name}.{own}");
            let codes = known
                .iter()
                .find(|(named, _)| named.contains(&own.as_str()));
            let schema = parameter.get_mut("schema").and_then(Value::as_mapping_mut);
            if let (Some((_, codes)), Some(schema)) = (codes, schema) {
                state_in(schema, codes);
            }
        }
    }
}

/// States the codes of each field that has a closed list of them.
pub(super) fn state(schemas: &mut Mapping) {
    for (fields, codes) in closed() {
        for field in fields {
            let Some((schema, property)) = field.split_once('.') else {
                continue;
            };
            let named = schemas.get_mut(schema);
            list(
                named.and_then(|it| it.get_mut("properties")),
                property,
                &codes,
            );
            // A page repeats the schema of its items.
            let mut page = schemas.get_mut(format!("PageView_{schema}").as_str());
            for step in ["properties", "items", "items", "properties"] {
                page = page.and_then(|it| it.get_mut(step));
            }
            list(page, property, &codes);
        }
    }
}

type Codes = Vec<&'static str>;

macro_rules! all {
    ($kind:ty) => {
        <$kind>::ALL.iter().map(|it| it.code()).collect::<Codes>()
    };
}

/// Fields, as `Schema.property`, and the codes that they know.
fn closed() -> Vec<(&'static [&'static str], Codes)> {
    // What the operator does between is told to a side in two words.
    let mut introduction = all!(IntroductionStatus);
    introduction.extend(["in_review", "not_available"]);
    let mut of_records: Vec<(&'static [&'static str], Codes)> = vec![
        (
            &[
                "StartupProfile.status",
                "InvestorProfile.status",
                "ProgrammeAdmission.status",
            ],
            all!(ProfileStatus),
        ),
        (
            &["InvestorProfileDocument.assets", "InvestorProfile.assets"],
            all!(AssetsBand),
        ),
        (
            &["SavedViewDocument.list", "SavedView.list"],
            all!(ListKind),
        ),
        (&["Accreditation.status"], all!(AccreditationStatus)),
        (&["NewTagTransition.action"], all!(TagAction)),
        (
            &[
                "Tag.sensitivity",
                "Tag.own_sensitivity",
                "NewTag.sensitivity",
            ],
            all!(Sensitivity),
        ),
        (&["NewProfileTransition.action"], all!(ProfileAction)),
        (&["Mandate.status"], all!(MandateStatus)),
        (&["NewMandateTransition.action"], all!(MandateAction)),
        (&["Referral.state"], all!(ReferralState)),
        (&["Referral.claim"], all!(Claim)),
        (&["Import.state"], all!(ImportState)),
        (&["Export.state"], all!(ExportState)),
        (&["Export.kind", "NewExport.kind"], all!(ExportKind)),
        (&["NewExportTransition.action"], all!(ExportAction)),
        (&["NewImportTransition.action"], all!(ImportAction)),
        (&["ImportRow.outcome"], all!(RowOutcome)),
        (&["Document.state"], all!(DocumentState)),
        (
            &["Document.class", "NewDocument.class"],
            all!(DocumentClass),
        ),
        (&["NewDocumentTransition.action"], all!(DocumentAction)),
        (&["MatchOnRecord.status"], all!(MatchStatus)),
        (
            &["Release.status", "ReleaseSummary.status"],
            all!(ReleaseStatus),
        ),
        (
            &["Release.to", "ReleaseSummary.to", "NewRelease.to"],
            all!(Audience),
        ),
        (&["NewReleaseTransition.action"], all!(ReleaseAction)),
        (&["Rematch.status"], all!(RematchStatus)),
        (&["Introduction.status"], introduction),
        (&["IntroductionMeeting.status"], all!(MeetingStatus)),
        (&["Deal.status"], all!(DealStatus)),
        (
            &["DealDocument.class", "NewDealDocument.class"],
            all!(DealDocumentClass),
        ),
        (&["Licence.status"], all!(LicenceStatus)),
        (&["NewLicenceTransition.action"], all!(LicenceAction)),
        (&["DealClosing.status"], all!(ClosingStatus)),
        (&["NewClosingTransition.action"], all!(ClosingAction)),
        (&["DealClosing.subscription"], all!(Subscription)),
        (
            &[
                "DealTask.visibility",
                "DealTaskDocument.visibility",
                "NewDealNote.visibility",
                "DealNote.visibility",
                "DealDocument.visibility",
                "NewDealDocument.visibility",
            ],
            all!(Visibility),
        ),
        (
            &["DealTask.assignee", "DealTaskDocument.assignee"],
            all!(Camp),
        ),
        (&["DealNote.state", "HeldText.state"], all!(NoteState)),
        (&["DealTask.status"], all!(TaskStatus)),
        (
            &["Practice.status", "PracticeDecision.status"],
            all!(PracticeStatus),
        ),
        (&["NewDealTaskTransition.action"], all!(TaskAction)),
    ];
    of_records.extend(of_others());
    of_records.extend(of_moves());
    of_records
}

/// The same, of programmes, rules, firms and people.
fn of_others() -> Vec<(&'static [&'static str], Codes)> {
    vec![
        (&["Programme.status"], all!(ProgrammeStatus)),
        (&["ProgrammeEvidence.state"], all!(EvidenceState)),
        (
            &["ReadinessChange.change"],
            vec!["add_deal_intent", "drop_min_cheque"],
        ),
        (&["NewProgrammeTransition.action"], all!(ProgrammeAction)),
        (&["ProgrammeParty.role"], all!(PartyRole)),
        (&["RuleSet.status"], all!(RuleSetStatus)),
        (&["PipelineSet.status"], all!(PipelineSetStatus)),
        (
            &["NewPipelineSetTransition.action"],
            all!(PipelineSetAction),
        ),
        (&["ExitCriterion.kind"], all!(CriterionKind)),
        (&["ExitCriterion.value"], all!(ValueKind)),
        (&["ExitCriterion.role"], all!(CriterionRole)),
        (&["Duplicate.state"], all!(DuplicateState)),
        (&["DuplicateReason.ground"], all!(Ground)),
        (&["NewDuplicateTransition.action"], all!(DuplicateAction)),
        (&["NewRuleSetTransition.action"], all!(RuleSetAction)),
        (
            &["Organization.kind", "Membership.kind"],
            all!(OrganizationKind),
        ),
        (
            &[
                "Member.role",
                "Membership.role",
                "NewInvitation.role",
                "NewRole.role",
                "PersonPart.role",
            ],
            all!(Role),
        ),
        (
            &["StartupProfileDocument.stage", "StartupProfile.stage"],
            all!(Stage),
        ),
        (
            &["Clearance.verdict", "NewClearance.verdict"],
            all!(ClearanceVerdict),
        ),
        (&["Freeze.state"], all!(FreezeState)),
        (&["Wall.reach", "NewWall.reach"], all!(WallReach)),
        (&["Wall.status"], all!(WallStatus)),
        (&["NewWallTransition.action"], all!(WallAction)),
        (
            &[
                "IntroductionAnswer.side",
                "IntroductionSlot.side",
                "Teaser.side",
            ],
            all!(Side),
        ),
    ]
}

/// Parameters of queries, as `operation.parameter`, and the codes that they
/// know.
fn of_queries() -> Vec<(&'static [&'static str], Codes)> {
    vec![
        (
            &["list_investor_profiles.status", "list_admissions.status"],
            all!(ProfileStatus),
        ),
        (&["list_admissions.kind"], all!(AdmissionKind)),
        (&["list_saved_views.list"], all!(ListKind)),
        (&["list_mandates.role"], all!(InvestorRole)),
        (&["list_walls.status"], all!(WallStatus)),
        (&["list_reviews.kind"], all!(WaitingKind)),
        (&["list_programme_gaps.side"], all!(gaps::Side)),
        (
            &[
                "list_startup_profiles.stage",
                "list_mandates.stage",
                "list_matches.stage",
            ],
            all!(Stage),
        ),
        (&["list_documents.class"], all!(DocumentClass)),
        (&["list_documents.state"], all!(DocumentState)),
        (&["list_investor_profiles.assets"], all!(AssetsBand)),
        (
            &["list_investor_profiles.accreditation"],
            all!(AccreditationStatus),
        ),
        (&["list_matches.status"], all!(MatchStatus)),
        (&["list_matches.band"], all!(Band)),
        (&["list_matches.outcome"], vec!["eligible", "needs_review"]),
        (&["list_matches.curation"], all!(Curation)),
        (&["list_introductions.status"], all!(IntroductionStatus)),
        (&["list_introductions.requester"], all!(Requester)),
        (&["list_deals.status"], all!(DealStatus)),
        (&["list_deal_tasks.status"], all!(TaskStatus)),
        (&["list_deal_tasks.assignee"], all!(Camp)),
        (&["list_work.kind"], all!(WorkKind)),
        (&["list_work.record"], all!(RecordKind)),
        (
            &["list_organizations.kind", "list_duplicates.kind"],
            all!(OrganizationKind),
        ),
        (&["list_duplicates.state"], all!(DuplicateState)),
        (&["list_referrals.state"], all!(ReferralState)),
        (&["list_imports.state"], all!(ImportState)),
        (
            &["list_import_rows.outcome", "get_import_report.outcome"],
            all!(RowOutcome),
        ),
        (&["get_import_report.format"], all!(FileFormat)),
        (&["list_programmes.status"], all!(ProgrammeStatus)),
        (&["list_commitments.goal"], all!(Goal)),
        (&["list_commitments.status"], all!(CommitmentStatus)),
        (&["list_programme_evidence.state"], all!(EvidenceState)),
        (&["get_report.report"], all!(ReportKind)),
        (&["get_report.format"], all!(reports::Form)),
        (&["get_report.by"], all!(Period)),
        (&["list_practices.status"], all!(PracticeStatus)),
        (&["list_rule_sets.status"], all!(RuleSetStatus)),
        (&["list_pipeline_sets.status"], all!(PipelineSetStatus)),
        (&["list_tags.kind"], all!(TagKind)),
        (&["list_tags.sensitivity"], all!(Sensitivity)),
        (&["list_tags.labels"], all!(LabelsState)),
        (&["list_messages.state"], all!(MessageState)),
        (&["list_bounces.outcome"], all!(BounceOutcome)),
    ]
}

/// What moves a record, and why, where it is not a list of the domain's own.
fn of_moves() -> Vec<(&'static [&'static str], Codes)> {
    vec![
        (
            &["NewIntroductionTransition.action"],
            introductions::ACTIONS.to_vec(),
        ),
        (&["NewDealTransition.action"], deals::ACTIONS.to_vec()),
        (&["NewMatchTransition.action"], matches::ACTIONS.to_vec()),
        (&["NewMessageTransition.action"], vec!["retry"]),
        (
            &["NewPersonTransition.action"],
            AccountAction::ALL.iter().map(|it| it.code()).collect(),
        ),
        (&["NewBlockTransition.action"], vec!["lift"]),
        (&["NewLegalHoldTransition.action"], vec!["lift"]),
        (&["NewRematchTransition.action"], vec!["cancel"]),
        (&["NewRevocation.action"], vec!["revoke"]),
        (&["NewConsentTransition.action"], all!(ConsentAction)),
        (&["NewAdmissionTransition.action"], all!(AdmissionAction)),
        (
            &["NewProgrammeEvidenceTransition.action"],
            all!(EvidenceAction),
        ),
        (
            &["NewAbuseDecision.ruling", "AbuseDecision.ruling"],
            all!(AbuseRuling),
        ),
        (
            &[
                "NewDealNoteTransition.action",
                "NewHeldTextTransition.action",
            ],
            all!(NoteAction),
        ),
        (
            &["NewClearanceTransition.action"],
            ClearanceVerdict::ALL.iter().map(|it| it.action()).collect(),
        ),
        (
            &["ApiKey.state", "Client.state"],
            vec!["live", "expired", "revoked"],
        ),
        (
            &["Invitation.state"],
            vec!["waiting", "accepted", "refused", "revoked", "expired"],
        ),
        (&["DocumentGrant.state"], vec!["live", "ended"]),
        (&["Consent.state"], vec!["standing", "expired", "withdrawn"]),
        (&["NewSigning.action"], vec!["sign", "decline"]),
        (&["KeptText.state"], vec!["waiting", "refused"]),
        (
            &[
                "NewRuling.ruling",
                "NewNoteDecision.ruling",
                "NewPracticeDecision.ruling",
            ],
            vec!["release", "refuse"],
        ),
        (&["NewDealTransition.code"], all!(CloseCode)),
        (&["NewSuppression.reason"], all!(SuppressionReason)),
    ]
}

fn list(properties: Option<&mut Value>, property: &str, codes: &[&'static str]) {
    let field = properties.and_then(|it| it.get_mut(property));
    if let Some(field) = field.and_then(Value::as_mapping_mut) {
        state_in(field, codes);
    }
}

fn state_in(field: &mut Mapping, codes: &[&'static str]) {
    let mut values: Vec<Value> = codes.iter().map(|code| Value::from(*code)).collect();
    if field.get("type").is_some_and(Value::is_sequence) {
        values.push(Value::Null);
    }
    field.insert("enum".into(), Value::Sequence(values));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_that_has_codes_is_in_the_contract() {
        let document: Value = yaml_serde::from_str(include_str!("../../../openapi.yaml")).unwrap();
        let mut stated = vec![];
        for (_, item) in document["paths"].as_mapping().unwrap() {
            for (_, operation) in item.as_mapping().unwrap() {
                let parameters = operation.get("parameters").and_then(Value::as_sequence);
                for parameter in parameters.into_iter().flatten() {
                    if parameter["schema"]["enum"].is_sequence() {
                        let of = operation["operationId"].as_str().unwrap();
                        stated.push(format!("{of}.{}", parameter["name"].as_str().unwrap()));
                    }
                }
            }
        }
        for parameter in of_queries().into_iter().flat_map(|(named, _)| named) {
            assert!(stated.iter().any(|it| it == parameter), "{parameter}");
        }
    }

    #[test]
    fn every_field_that_has_codes_is_in_the_contract() {
        let document: Value = yaml_serde::from_str(include_str!("../../../openapi.yaml")).unwrap();
        for (fields, _) in closed() {
            for field in fields {
                let (schema, property) = field.split_once('.').unwrap();
                let schemas = &document["components"]["schemas"];
                let named = &schemas[schema]["properties"];
                let page = &schemas[format!("PageView_{schema}").as_str()]["properties"]["items"];
                let known = [named, &page["items"]["properties"]];
                let stated = known.iter().any(|it| it[property]["enum"].is_sequence());
                assert!(stated, "{field}");
            }
        }
    }
}
