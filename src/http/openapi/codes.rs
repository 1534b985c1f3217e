//! Which codes a field knows, for those who generate a client from the
//! document. The types behind the fields are the domain's own.

use yaml_serde::{Mapping, Value};

use crate::domain::account::Role;
use crate::domain::closing::{ClosingAction, ClosingStatus};
use crate::domain::compliance::{ClearanceVerdict, FreezeState};
use crate::domain::deal_work::{Camp, TaskAction, TaskStatus, Visibility};
use crate::domain::document::{DocumentAction, DocumentClass, DocumentState};
use crate::domain::duplicate::{DuplicateAction, DuplicateState, Ground};
use crate::domain::export::{ExportAction, ExportKind, ExportState};
use crate::domain::import::{ImportAction, ImportState, RowOutcome};
use crate::domain::introduction::IntroductionStatus;
use crate::domain::investor::{AccreditationStatus, AssetsBand};
use crate::domain::licence::{LicenceAction, LicenceStatus};
use crate::domain::mandate::{MandateAction, MandateStatus};
use crate::domain::meeting::MeetingStatus;
use crate::domain::pipeline::DealStatus;
use crate::domain::practice::PracticeStatus;
use crate::domain::profile::{ProfileAction, ProfileStatus};
use crate::domain::programme::{PartyRole, ProgrammeAction, ProgrammeStatus};
use crate::domain::referral::{Claim, ReferralState};
use crate::domain::releasing::{ReleaseAction, ReleaseStatus};
use crate::domain::rematch::RematchStatus;
use crate::domain::review::{Audience, MatchStatus};
use crate::domain::rule_set::{RuleSetAction, RuleSetStatus};
use crate::domain::saved_view::ListKind;
use crate::domain::syndicate::Subscription;
use crate::domain::tag::Sensitivity;
use crate::domain::tag::keeping::TagAction;
use crate::domain::values::{OrganizationKind, Side, Stage};
use crate::domain::wall::{WallAction, WallReach, WallStatus};

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
            &["StartupProfile.status", "InvestorProfile.status"],
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
            ],
            all!(Visibility),
        ),
        (
            &["DealTask.assignee", "DealTaskDocument.assignee"],
            all!(Camp),
        ),
        (&["DealTask.status"], all!(TaskStatus)),
        (&["Practice.status"], all!(PracticeStatus)),
        (&["NewDealTaskTransition.action"], all!(TaskAction)),
    ];
    of_records.extend(of_others());
    of_records
}

/// The same, of programmes, rules, firms and people.
fn of_others() -> Vec<(&'static [&'static str], Codes)> {
    vec![
        (&["Programme.status"], all!(ProgrammeStatus)),
        (
            &["ReadinessChange.change"],
            vec!["add_deal_intent", "drop_min_cheque"],
        ),
        (&["NewProgrammeTransition.action"], all!(ProgrammeAction)),
        (&["ProgrammeParty.role"], all!(PartyRole)),
        (&["RuleSet.status"], all!(RuleSetStatus)),
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

fn list(properties: Option<&mut Value>, property: &str, codes: &[&'static str]) {
    let field = properties.and_then(|it| it.get_mut(property));
    let Some(field) = field.and_then(Value::as_mapping_mut) else {
        return;
    };
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
