//! What the table says, looked at from the other side.

use super::*;

/// Every operation × every kind × every role that fits it × own and other.
fn all() -> impl Iterator<Item = (Operation, OrganizationKind, Role, bool)> {
    Operation::ALL.iter().flat_map(|operation| {
        OrganizationKind::ALL.iter().flat_map(move |kind| {
            Role::ALL
                .iter()
                .filter(|role| role.fits(*kind))
                .flat_map(move |role| [true, false].map(|own| (*operation, *kind, *role, own)))
        })
    })
}

fn ask(operation: Operation, kind: OrganizationKind, role: Role, own: bool) -> Verdict {
    let standing = if own {
        Standing::Own(kind, role)
    } else {
        Standing::Other(kind, role)
    };
    verdict(operation, standing)
}

const OPEN: [Operation; 5] = [
    Operation::ReadAccount,
    Operation::WriteAccount,
    Operation::ReadTaxonomy,
    Operation::ReadProgramme,
    Operation::ReadRates,
];

#[test]
fn no_firm_reaches_anothers_records() {
    for (operation, kind, role, own) in all() {
        if !own && kind != OrganizationKind::Operator && !OPEN.contains(&operation) {
            assert_ne!(
                ask(operation, kind, role, own),
                Verdict::Allowed,
                "{operation} {kind} {role}"
            );
        }
    }
}

#[test]
fn viewers_and_auditors_change_nothing() {
    for (operation, kind, role, own) in all() {
        // A file of what one may read is a reading, as a ranking is.
        let reads = matches!(operation, Operation::RankMatches | Operation::Export);
        let changes = !operation.code().starts_with("read_") && !reads;
        let others = operation != Operation::WriteAccount;
        if changes && others && matches!(role, Role::Viewer | Role::Auditor) {
            assert_ne!(
                ask(operation, kind, role, own),
                Verdict::Allowed,
                "{operation} {kind} {role}"
            );
        }
    }
}

#[test]
fn admins_see_no_profile_content() {
    for operation in [
        Operation::ReadStartupProfile,
        Operation::ReadInvestorProfile,
        Operation::ReadDocument,
        Operation::ReadLicence,
        Operation::ReadWall,
        Operation::ReadMandate,
        Operation::ReadReferral,
        Operation::ReadMatch,
        Operation::ReadIntroduction,
        Operation::ReadDeal,
    ] {
        assert_eq!(
            ask(operation, OrganizationKind::Operator, Role::Admin, false),
            Verdict::Hidden
        );
    }
}

#[test]
fn only_the_operator_ranks_and_only_compliance_clears() {
    for (operation, kind, role, own) in all() {
        if operation == Operation::RankMatches && kind != OrganizationKind::Operator {
            assert_eq!(ask(operation, kind, role, own), Verdict::Hidden);
        }
        if operation == Operation::WriteCompliance && role != Role::Compliance {
            assert_ne!(ask(operation, kind, role, own), Verdict::Allowed);
        }
    }
}

#[test]
fn somebody_without_any_membership_reads_only_their_account() {
    for operation in Operation::ALL {
        let expected = matches!(
            operation,
            Operation::ReadAccount | Operation::WriteAccount | Operation::ReadTaxonomy
        );
        assert_eq!(
            decide(*operation, &[], &[]) == Verdict::Allowed,
            expected,
            "{operation}"
        );
    }
}
