//! What can be done with an introduction now.

use crate::db::Conn;
use crate::domain::ids::IntroductionId;
use crate::domain::introduction::{Action, Answer, Introduction, IntroductionStatus, step};
use crate::domain::permission::Hat;
use crate::domain::values::PassReason;
use crate::services::caller::in_any_hat;
use crate::services::{Caller, Context, Error, apart};

use super::find;

/// The introduction after what the caller does to it. A deal is neither
/// announced to the other side nor opened while something keeps the two apart.
pub(super) fn stepped(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    before: &Introduction,
    action: &Action,
) -> Result<Introduction, Error> {
    let hats = caller.hats(before.startup, before.investor);
    let (after, _) = in_any_hat(&hats, |hat| step(before, action, hat))?;
    if matches!(action, Action::Convert | Action::LateYes) {
        let of = before;
        let apart = apart::of(context, conn, of.programme, of.startup_profile, of.mandate)?;
        apart::check(caller, &[of.startup, of.investor], apart)?;
    }
    Ok(after)
}

/// What can be done with an introduction now, by code.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: IntroductionId,
) -> Result<Vec<&'static str>, Error> {
    let seen = find(context, caller, id).await?;
    Ok(open_to(context, caller, &seen.introduction))
}

/// What the caller can do with an introduction that they may see, by code.
pub(in crate::services) fn open_to(
    context: &Context,
    caller: &Caller,
    introduction: &Introduction,
) -> Vec<&'static str> {
    let hats = caller.hats(introduction.startup, introduction.investor);
    let mut actions = vec![
        Action::Refuse,
        Action::Withdraw,
        Action::ConfirmSent,
        Action::Reply,
        Action::Meet,
        Action::Convert,
        Action::Close,
        Action::LateYes,
        Action::Block,
    ];
    if let Some(side) = introduction.asked() {
        let reason = PassReason::Other;
        let until = context.now();
        actions.extend(
            [
                Answer::Accept,
                Answer::Decline {
                    reason,
                    share: false,
                },
                Answer::NotNow { until },
                Answer::MoreTime,
                Answer::PassOn,
                Answer::ReportAbuse,
            ]
            .map(|answer| Action::Answer(side, answer)),
        );
    }
    let mut codes: Vec<&'static str> = actions
        .iter()
        .filter(|action| {
            hats.iter()
                .any(|hat| step(introduction, action, *hat).is_ok())
        })
        .map(Action::code)
        .collect();
    if introduction.status == IntroductionStatus::Held && hats.contains(&Hat::Compliance) {
        codes.push("release");
    }
    codes
}
