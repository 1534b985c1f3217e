//! HTTP Basic credentials of a client (RFC 6749 §2.3.1): id and secret, each
//! encoded as in a form, a colon between, all in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Reads what follows the scheme; none when it has another form.
pub fn decode(credentials: &str) -> Option<(String, String)> {
    let bytes = BASE64.decode(credentials.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

/// `application/x-www-form-urlencoded`: `+` is a space, `%2B` a plus.
fn form_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digit = |digit: u8| char::from(digit).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_secret_are_decoded_as_forms_are() {
        let encoded = BASE64.encode("my%3Aclient:a+secret%2B%D7%A9");
        let read = decode(&encoded).unwrap();
        assert_eq!(read, ("my:client".to_owned(), "a secret+ש".to_owned()));
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        for bad in ["", "!", &BASE64.encode("no colon"), &BASE64.encode("a:%G0")] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
