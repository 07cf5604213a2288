//! What is served. A test compares the files of Swagger UI with the package that they come from.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;

use edge::Problem;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use serde::Deserialize;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// A gzip header as `gzip -n` writes it, in bytes: without a name, so of a fixed length.
const GZIP_HEADER: usize = 10;
/// More than any file is unpacked, in bytes.
const MAX_UNPACKED: usize = 4_000_000;

/// The page itself.
pub static PAGE: Content = Content::plain(HTML, include_bytes!("../assets/page.html"));

/// A file that the page is made of, or whose licence it is.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "DocsFile"))]
pub enum File {
    #[serde(rename = "start.js")]
    Start,
    #[serde(rename = "swagger-ui-bundle.js")]
    Bundle,
    #[serde(rename = "swagger-ui.css")]
    Style,
    #[serde(rename = "LICENSE")]
    License,
    #[serde(rename = "NOTICE")]
    Notice,
    #[serde(rename = "swagger-ui-bundle.js.LICENSE.txt")]
    BundledLicenses,
}

impl File {
    pub fn content(self) -> &'static Content {
        static START: Content = Content::plain(SCRIPT, include_bytes!("../assets/start.js"));
        static BUNDLE: Content =
            Content::gzip(SCRIPT, include_bytes!("../assets/swagger-ui/swagger-ui-bundle.js.gz"));
        static STYLES: Content =
            Content::gzip(STYLE, include_bytes!("../assets/swagger-ui/swagger-ui.css.gz"));
        static LICENSE: Content = Content::plain(TEXT, include_bytes!("../assets/swagger-ui/LICENSE"));
        static NOTICE: Content = Content::plain(TEXT, include_bytes!("../assets/swagger-ui/NOTICE"));
        static BUNDLED: Content =
            Content::plain(TEXT, include_bytes!("../assets/swagger-ui/swagger-ui-bundle.js.LICENSE.txt"));
        match self {
            Self::Start => &START,
            Self::Bundle => &BUNDLE,
            Self::Style => &STYLES,
            Self::License => &LICENSE,
            Self::Notice => &NOTICE,
            Self::BundledLicenses => &BUNDLED,
        }
    }
}

/// Bytes and their media type.
pub struct Content {
    pub kind: &'static str,
    pub bytes: &'static [u8],
    pub is_gzip: bool,
    hash: OnceLock<i64>,
}

impl Content {
    const fn plain(kind: &'static str, bytes: &'static [u8]) -> Self {
        Self { kind, bytes, is_gzip: false, hash: OnceLock::new() }
    }

    const fn gzip(kind: &'static str, bytes: &'static [u8]) -> Self {
        Self { kind, bytes, is_gzip: true, hash: OnceLock::new() }
    }

    /// Another one for other bytes, and for another encoding of them.
    pub fn revision(&self, as_gzip: bool) -> i64 {
        let hash = self.hash.get_or_init(|| {
            let mut hasher = DefaultHasher::new();
            self.bytes.hash(&mut hasher);
            hasher.finish().cast_signed()
        });
        if as_gzip { !hash } else { *hash }
    }

    /// The bytes as they were before gzip.
    pub fn unpacked(&self) -> Result<Cow<'static, [u8]>, Problem> {
        if !self.is_gzip {
            return Ok(Cow::Borrowed(self.bytes));
        }
        let rest = self.bytes.get(GZIP_HEADER..).unwrap_or_default();
        let bytes = decompress_to_vec_with_limit(rest, MAX_UNPACKED);
        Ok(Cow::Owned(bytes.map_err(|error| Problem::internal(anyhow::Error::msg(error)))?))
    }
}
