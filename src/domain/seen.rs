//! What can be seen of a text, and what its characters are called.

use unicode_normalization::char::is_combining_mark;

/// Whether it keeps a part of a text from its surroundings.
pub(super) const fn is_isolate(c: char) -> bool {
    matches!(c, '\u{2066}'..='\u{2069}')
}

/// Whether a character has a shape of its own.
pub(super) fn is_seen(c: char) -> bool {
    let has_no_shape = matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}');
    !has_no_shape && !c.is_whitespace() && !c.is_control() && !is_combining_mark(c)
}

/// What a character that is refused is called.
pub(super) fn called(c: char) -> String {
    let name = match c {
        '\n' => "a line break",
        '\t' => "a tab",
        '\u{202A}' => "LEFT-TO-RIGHT EMBEDDING",
        '\u{202B}' => "RIGHT-TO-LEFT EMBEDDING",
        '\u{202C}' => "POP DIRECTIONAL FORMATTING",
        '\u{202D}' => "LEFT-TO-RIGHT OVERRIDE",
        '\u{202E}' => "RIGHT-TO-LEFT OVERRIDE",
        '\u{FEFF}' => "a byte order mark",
        _ => "a control character",
    };
    format!("U+{:04X} ({name})", u32::from(c))
}
