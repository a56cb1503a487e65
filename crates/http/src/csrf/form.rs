//! The field of an HTML form, found without taking the form away from whoever it is for.

use crate::media_type::essence;
use crate::problem::{Code, Problem};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use std::error::Error;

/// Whether the body is a form that can be looked through: `application/x-www-form-urlencoded`.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .map_or(&b""[..], |value| value.as_bytes());
    essence(kind).eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

/// The whole body, if it is no longer than that.
pub(super) async fn read<B>(body: B, most: usize) -> Result<Bytes, Problem>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    match Limited::new(body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(Problem::from(Code::TooLarge).saying(format!("The form is longer than {most} bytes.")))
        }
        Err(_) => Err(Problem::from(Code::BadRequest).saying("The body broke off.")),
    }
}
