//! What something that compliance records rests on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::timeline::hex;
use crate::domain::compliance::Proof;
use crate::domain::fault::Faults;
use crate::domain::text::bounded;

/// Most characters of a reference.
const MOST: usize = 500;

/// Where evidence is kept, or what its document's bytes hash to; at least one.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ComplianceEvidence)]
pub struct ProofDocument {
    /// Where it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 500,
        example = "Compliance archive, 2026/114"
    )]
    reference: Option<String>,
    /// SHA-256 of the document, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    sha256: Option<String>,
}

impl ProofDocument {
    pub(super) fn of(proof: &Proof) -> Self {
        Self {
            reference: proof.reference.clone(),
            sha256: proof.document.map(|hash| hex(&hash)),
        }
    }

    /// The evidence; a fault where there is none.
    pub(super) fn read(&self, faults: &mut Faults) -> Option<Proof> {
        let reference = self.reference.as_deref().map(|text| {
            let text = bounded(text, MOST, true);
            faults.take("/evidence/reference", "invalid_text", text)
        });
        let document = self.sha256.as_deref().map(|text| {
            let hash = unhex(text);
            if hash.is_none() {
                let detail = "A SHA-256 in 64 hexadecimal digits.";
                faults.push("/evidence/sha256", "not_a_hash", detail);
            }
            hash
        });
        if reference.is_none() && document.is_none() {
            let detail = "Say where the evidence is kept, or what its document hashes to.";
            faults.push("/evidence", "required", detail);
        }
        Proof::of(reference.flatten(), document.flatten())
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.bytes().all(|it| it.is_ascii_hexdigit());
    if text.len() != 64 || !digits {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
