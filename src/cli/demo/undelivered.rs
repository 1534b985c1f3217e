//! A mail of the demo that comes back.

use crate::db::{self, json, outbox};
use crate::domain::bounce::{BounceSource, Delivery, DeliveryAction, Notification};
use crate::domain::ids::IntroductionId;
use crate::domain::message::Notice;
use crate::services::{Caller, Context, bounces};

use super::Failure;

/// The server of one reader says that there is no such mailbox: the mail that
/// connects both is back.
pub async fn come_back(
    context: &Context,
    id: IntroductionId,
    reader: &Caller,
) -> Result<(), Failure> {
    let filter = outbox::Filter {
        subject: Some(id.uuid()),
        ..outbox::Filter::default()
    };
    let look = move |conn: &mut db::Conn| outbox::search(conn, &filter, None, 100);
    let messages = context.db.read(look).await.map_err(Failure::new)?;
    let connects = |message: &&outbox::Message| {
        let notice = json::notice::decode(&message.payload);
        matches!(notice, Ok(Notice::Introduction { introduction }) if introduction == id)
    };
    let mail = messages.iter().find(connects);
    let mail = mail.ok_or_else(|| Failure::new("a mail of the demo is not on record"))?;
    let notification = Notification {
        source: BounceSource::Mailbox,
        identity: mail.id.uuid().as_bytes().to_vec(),
        returned_to: vec![context.return_paths.address(mail.id)],
        deliveries: vec![Delivery::new(
            vec![reader.user.email.clone()],
            DeliveryAction::Failed,
            "5.1.1".parse().ok(),
            Some("550 5.1.1 no such mailbox here"),
        )],
        reply: None,
    };
    bounces::take(context, vec![notification]).await?;
    Ok(())
}
