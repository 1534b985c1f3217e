//! Of which trace a request is part.

use chrono::TimeDelta;
use corridor::db::{Conn, outbox};
use corridor::domain::trace::TraceId;
use uuid::Uuid;

use super::stage::{Answer, Stage, Who};
use crate::support::builders::registration;
use crate::support::database::on_each_backend;

#[test]
fn what_a_request_queues_is_part_of_its_trace() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        for (firm, trace) in [("Ogen", Some(traceparent)), ("Tamar", None)] {
            let mut request = stage
                .request(Who::Stranger, "POST", "/v1/registrations")
                .json(&registration("startup", firm, "IL"));
            if let Some(trace) = trace {
                request = request.header("traceparent", trace);
            }
            let answer = Answer::of(request.send().await.unwrap()).await;
            assert_eq!(answer.status, 202, "{}", answer.text);
            let (holder, now) = (Uuid::now_v7(), stage.context.now());
            let claim =
                move |conn: &mut Conn| outbox::claim(conn, holder, now, TimeDelta::hours(1), 9);
            let claimed = stage.context.db.write(claim).await.unwrap();
            let links = claimed
                .iter()
                .filter(|message| message.intent_key.starts_with("ticket:"));
            let traces: Vec<_> = links.map(|message| message.trace).collect();
            assert_eq!(traces, [trace.and_then(TraceId::of_traceparent)]);
        }
    });
}
