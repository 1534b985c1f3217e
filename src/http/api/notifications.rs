//! What people are mailed of, as they send and read it: a switch for each
//! topic, and within the topics that are several things one for each of them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::mail_event::{MailEvent, Wanted};
use crate::domain::message::Topic;

/// What somebody is mailed about. What their account needs is always mailed,
/// and so is an introduction that they agreed to.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Notifications)]
pub struct NotificationsView {
    /// Questions whether they want to be introduced, and reminders.
    #[schema(example = true)]
    questions: bool,
    /// What became of introductions.
    #[schema(example = true)]
    progress: bool,
    /// How introductions that were made go on.
    #[schema(example = true)]
    pulses: bool,
    /// Deals that stand too long.
    #[schema(example = true)]
    deals: bool,
    /// What waits for the operator's people, once a day.
    #[schema(example = true)]
    work: bool,
    /// What the operator's people should look at soon.
    #[schema(example = true)]
    alerts: bool,
    /// What a mandate of theirs was shown in a week.
    #[schema(example = true)]
    digest: bool,
    /// What happens to a profile of theirs.
    #[schema(example = true)]
    profile: bool,
    /// What happens to a mandate of theirs.
    #[schema(example = true)]
    mandates: bool,
    /// How a profile of theirs fares, month by month.
    #[schema(example = true)]
    status: bool,
    /// What happens to a firm of theirs, and in the programmes that it is in.
    #[schema(example = true)]
    firm: bool,
    /// Each thing by itself, of the topics that are several: it is mailed where
    /// both its own switch and that of its topic are on. Left out, these stay
    /// as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<NotificationEvents>,
}

/// The single things that somebody is mailed of.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationEvents {
    /// Of `questions`: whether they want to be introduced.
    #[schema(example = true)]
    introduction_ask: bool,
    /// Of `questions`: that such a question waits for their answer.
    #[schema(example = true)]
    introduction_reminder: bool,
    /// Of `progress`: a request for an introduction came to nothing.
    #[schema(example = true)]
    introduction_closed: bool,
    /// Of `progress`: an introduction that was made is closed.
    #[schema(example = true)]
    introduction_over: bool,
    /// Of `alerts`: abuse was reported.
    #[schema(example = true)]
    abuse_reported: bool,
    /// Of `alerts`: a mail that connects didn't arrive.
    #[schema(example = true)]
    delivery_problem: bool,
    /// Of `alerts`: a question isn't mailed.
    #[schema(example = true)]
    question_undelivered: bool,
    /// Of `profile`: it was received for review.
    #[schema(example = true)]
    profile_received: bool,
    /// Of `profile`: its reviewer asks for changes.
    #[schema(example = true)]
    profile_changes_requested: bool,
    /// Of `profile`: it was not accepted.
    #[schema(example = true)]
    profile_rejected: bool,
    /// Of `profile`: it is published.
    #[schema(example = true)]
    profile_published: bool,
    /// Of `profile`: it has to be confirmed soon.
    #[schema(example = true)]
    profile_confirm_soon: bool,
    /// Of `profile`: it was not confirmed in time.
    #[schema(example = true)]
    profile_stale: bool,
    /// Of `mandates`: one is published.
    #[schema(example = true)]
    mandate_published: bool,
    /// Of `mandates`: one has to be confirmed soon.
    #[schema(example = true)]
    mandate_confirm_soon: bool,
    /// Of `mandates`: one was not confirmed in time.
    #[schema(example = true)]
    mandate_stale: bool,
    /// Of `firm`: somebody joined it.
    #[schema(example = true)]
    member_joined: bool,
    /// Of `firm`: a document of it was let through.
    #[schema(example = true)]
    document_cleared: bool,
    /// Of `firm`: a document of it was refused.
    #[schema(example = true)]
    document_refused: bool,
    /// Of `firm`: nobody of it has agreed yet that it is shown, which ends.
    #[schema(example = true)]
    consent_needed: bool,
    /// Of `firm`: a profile or mandate takes part in a programme no more.
    #[schema(example = true)]
    admission_withdrawn: bool,
    /// Of `firm`: a party declined to sign a programme.
    #[schema(example = true)]
    programme_declined: bool,
    /// Of `firm`: the notice of a programme has begun.
    #[schema(example = true)]
    programme_expiring: bool,
    /// Of `firm`: a programme is over.
    #[schema(example = true)]
    programme_over: bool,
    /// Of `firm`: what it promised in a programme is behind.
    #[schema(example = true)]
    promise_at_risk: bool,
    /// Of `firm`: a deal of it was opened by hand.
    #[schema(example = true)]
    deal_opened: bool,
}

impl NotificationsView {
    /// The settings as they are shown.
    pub(super) fn of(wanted: &Wanted) -> Self {
        let topic = |topic| wanted.topics.contains(&topic);
        Self {
            questions: topic(Topic::Questions),
            progress: topic(Topic::Progress),
            pulses: topic(Topic::Pulses),
            deals: topic(Topic::Deals),
            work: topic(Topic::Work),
            alerts: topic(Topic::Alerts),
            digest: topic(Topic::Digest),
            profile: topic(Topic::Profile),
            mandates: topic(Topic::Mandates),
            status: topic(Topic::Status),
            firm: topic(Topic::Firm),
            events: Some(NotificationEvents::of(&wanted.events)),
        }
    }

    /// The topics that are wanted.
    pub(super) fn topics(&self) -> BTreeSet<Topic> {
        let switches = [
            (Topic::Questions, self.questions),
            (Topic::Progress, self.progress),
            (Topic::Pulses, self.pulses),
            (Topic::Deals, self.deals),
            (Topic::Work, self.work),
            (Topic::Alerts, self.alerts),
            (Topic::Digest, self.digest),
            (Topic::Profile, self.profile),
            (Topic::Mandates, self.mandates),
            (Topic::Status, self.status),
            (Topic::Firm, self.firm),
        ];
        on(switches)
    }

    /// The single things that are, where they are named.
    pub(super) fn events(&self) -> Option<BTreeSet<MailEvent>> {
        self.events.as_ref().map(NotificationEvents::read)
    }
}

impl NotificationEvents {
    fn of(wanted: &BTreeSet<MailEvent>) -> Self {
        use MailEvent as E;
        let on = |event| wanted.contains(&event);
        Self {
            introduction_ask: on(E::IntroductionAsk),
            introduction_reminder: on(E::IntroductionReminder),
            introduction_closed: on(E::IntroductionClosed),
            introduction_over: on(E::IntroductionOver),
            abuse_reported: on(E::AbuseReported),
            delivery_problem: on(E::DeliveryProblem),
            question_undelivered: on(E::QuestionUndelivered),
            profile_received: on(E::ProfileReceived),
            profile_changes_requested: on(E::ProfileChangesRequested),
            profile_rejected: on(E::ProfileRejected),
            profile_published: on(E::ProfilePublished),
            profile_confirm_soon: on(E::ProfileConfirmSoon),
            profile_stale: on(E::ProfileStale),
            mandate_published: on(E::MandatePublished),
            mandate_confirm_soon: on(E::MandateConfirmSoon),
            mandate_stale: on(E::MandateStale),
            member_joined: on(E::MemberJoined),
            document_cleared: on(E::DocumentCleared),
            document_refused: on(E::DocumentRefused),
            consent_needed: on(E::ConsentNeeded),
            admission_withdrawn: on(E::AdmissionWithdrawn),
            programme_declined: on(E::ProgrammeDeclined),
            programme_expiring: on(E::ProgrammeExpiring),
            programme_over: on(E::ProgrammeOver),
            promise_at_risk: on(E::PromiseAtRisk),
            deal_opened: on(E::DealOpened),
        }
    }

    fn read(&self) -> BTreeSet<MailEvent> {
        use MailEvent as E;
        on([
            (E::IntroductionAsk, self.introduction_ask),
            (E::IntroductionReminder, self.introduction_reminder),
            (E::IntroductionClosed, self.introduction_closed),
            (E::IntroductionOver, self.introduction_over),
            (E::AbuseReported, self.abuse_reported),
            (E::DeliveryProblem, self.delivery_problem),
            (E::QuestionUndelivered, self.question_undelivered),
            (E::ProfileReceived, self.profile_received),
            (E::ProfileChangesRequested, self.profile_changes_requested),
            (E::ProfileRejected, self.profile_rejected),
            (E::ProfilePublished, self.profile_published),
            (E::ProfileConfirmSoon, self.profile_confirm_soon),
            (E::ProfileStale, self.profile_stale),
            (E::MandatePublished, self.mandate_published),
            (E::MandateConfirmSoon, self.mandate_confirm_soon),
            (E::MandateStale, self.mandate_stale),
            (E::MemberJoined, self.member_joined),
            (E::DocumentCleared, self.document_cleared),
            (E::DocumentRefused, self.document_refused),
            (E::ConsentNeeded, self.consent_needed),
            (E::AdmissionWithdrawn, self.admission_withdrawn),
            (E::ProgrammeDeclined, self.programme_declined),
            (E::ProgrammeExpiring, self.programme_expiring),
            (E::ProgrammeOver, self.programme_over),
            (E::PromiseAtRisk, self.promise_at_risk),
            (E::DealOpened, self.deal_opened),
        ])
    }
}

/// Those whose switch is on.
fn on<T: Ord>(switches: impl IntoIterator<Item = (T, bool)>) -> BTreeSet<T> {
    let on = switches.into_iter().filter(|(_, is_on)| *is_on);
    on.map(|(what, _)| what).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn each_switch_is_read_as_it_is_shown_by_its_code() {
        let whole = serde_json::to_value(NotificationsView::of(&Wanted::all_but(&[], &[])));
        let whole = whole.unwrap();
        let read = |value: &Value| {
            let view: NotificationsView = serde_json::from_value(value.clone()).unwrap();
            (view.topics(), view.events())
        };
        for topic in Topic::ALL.iter().copied() {
            let mut without = whole.clone();
            assert_eq!(without[topic.code()].take(), true);
            without[topic.code()] = json!(false);
            let expected = Wanted::all_but(&[topic], &[]);
            assert_eq!(read(&without), (expected.topics, Some(expected.events)));
        }
        for event in MailEvent::ALL.iter().copied() {
            let mut without = whole.clone();
            assert_eq!(without["events"][event.code()].take(), true);
            without["events"][event.code()] = json!(false);
            let expected = Wanted::all_but(&[], &[event]);
            assert_eq!(
                serde_json::to_value(NotificationsView::of(&expected)).unwrap(),
                without
            );
            assert_eq!(read(&without), (expected.topics, Some(expected.events)));
        }
    }
}
