//! `docs/openapi.json` is what the code says.

use std::path::Path;

#[test]
fn the_document_in_docs_is_the_one_the_code_makes() {
    let made = app::api::openapi().to_pretty_json().unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    expect_test::expect_file![path].assert_eq(&made);
}
