//! What the store tells those who watch the service, read when they ask: how
//! far the mail, the log and the match index are.

use std::sync::Arc;

use metrics::{Unit, describe_gauge, gauge};
use tracing::warn;

use crate::db::{self, Conn, events, outbox};
use crate::http::metrics::RenderMetrics;
use crate::services::Context;
use crate::telemetry::Metrics;

const MESSAGES: &str = "corridor_outbox_messages";
const OVERDUE: &str = "corridor_outbox_overdue_seconds";
const LOG: &str = "corridor_log_position";
const UNSEALED: &str = "corridor_log_unsealed";
const INDEX: &str = "corridor_match_index_position";

/// The page of all metrics of a node with that context.
pub(super) fn page(metrics: Metrics, context: Context) -> RenderMetrics {
    describe_gauge!(MESSAGES, "Messages that wait, and those that were given up");
    describe_gauge!(
        OVERDUE,
        Unit::Seconds,
        "How long the message that waits longest has been due"
    );
    describe_gauge!(LOG, "The last position of the log");
    describe_gauge!(UNSEALED, "1 while committed events wait for their position");
    describe_gauge!(
        INDEX,
        "The last position of the log that this node's match index knows"
    );
    Arc::new(move || {
        let (metrics, context) = (metrics.clone(), context.clone());
        Box::pin(async move {
            if let Err(error) = measure(&context).await {
                warn!(%error, "the store could not be measured");
            }
            metrics.render()
        })
    })
}

async fn measure(context: &Context) -> db::Result<()> {
    let look =
        |conn: &mut Conn| Ok::<_, db::Error>((outbox::counts(conn)?, events::outlook(conn)?));
    let (counts, (position, unsealed)) = context.db.read(look).await?;
    gauge!(MESSAGES, "state" => "waiting").set(number(counts.pending));
    gauge!(MESSAGES, "state" => "given_up").set(number(counts.dead));
    let overdue = counts.oldest_due.map(|due| context.now() - due);
    gauge!(OVERDUE).set(number(overdue.map_or(0, |it| it.num_seconds())));
    gauge!(LOG).set(number(position));
    gauge!(UNSEALED).set(f64::from(u8::from(unsealed)));
    gauge!(INDEX).set(number(context.index.position().unwrap_or(0)));
    Ok(())
}

/// A count as gauges take it: exact up to 2⁵³; what is below zero is none.
fn number(count: i64) -> f64 {
    const HALF: f64 = 4_294_967_296.0;
    let count = count.max(0);
    let high = u32::try_from(count >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(count & i64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(high) * HALF + f64::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_exactly() {
        for (count, told) in [(-5, 0.0), (0, 0.0), (7, 7.0), (5_000_000_000, 5e9)] {
            assert!((number(count) - told).abs() < 0.5, "{count}");
        }
    }
}
