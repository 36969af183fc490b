//! The journeys that the tests run.

pub(super) const GUIDE: &str = r#"
id: guide
start: authenticate
steps:
  authenticate:
    type: temp_code_authentication
    external_user_id: "@policy.request().params.external_user_id"
    temp_code: "@policy.request().params.temp_code"
    error_output: auth_error
    on: { success: done, failure: denied }
  done:   { type: complete, data: { tokens: "@policy.userTokens()" } }
  denied: { type: reject_access }
"#;

pub(super) const PAUSE: &str = r#"
id: pause
start: authenticate
steps:
  authenticate:
    type: temp_code_authentication
    external_user_id: "@policy.request().params.external_user_id"
    temp_code: "@policy.request().params.temp_code"
    on: { success: pause, failure: denied }
  pause:  { type: information, title: Done, text: Go on, button_text: Next, on: { next: done } }
  done:   { type: complete, data: { tokens: "@policy.userTokens()" } }
  denied: { type: reject_access }
"#;

pub(super) const TWICE: &str = r#"
id: twice
start: first
steps:
  first:
    type: temp_code_authentication
    external_user_id: "@policy.request().params.external_user_id"
    temp_code: "@policy.request().params.temp_code"
    on: { success: done, failure: second }
  second:
    type: temp_code_authentication
    identifier_type: username
    external_user_id: "@policy.request().params.external_user_id"
    temp_code: "@policy.request().params.temp_code"
    on: { success: done, failure: denied }
  done:   { type: complete }
  denied: { type: reject_access }
"#;

pub(super) const LATE: &str = r#"
id: late
start: authenticate
steps:
  authenticate:
    type: temp_code_authentication
    external_user_id: "@policy.request().params.external_user_id"
    temp_code: "@policy.request().params.temp_code"
    on: { success: done, failure: denied, expired: late }
  done:   { type: complete }
  denied: { type: reject_access }
  late:   { type: reject_access, data: { late: "true" } }
"#;

pub(super) const FORM: &str = r#"
id: form
start: ask
steps:
  ask:
    type: collect_information
    form_id: f
    fields: [user, code]
    app_data: { plain: "@policy.request().params.plain" }
    output: form
    escapes: [{ id: help, display_name: Help }]
    on: { submit: verify, help: help }
  help: { type: information, title: Help, text: Call us, button_text: Back, on: { next: ask } }
  verify:
    type: temp_code_authentication
    external_user_id: form.user
    temp_code: form.code
    error_output: auth_error
    on: { success: done, failure: ask }
  done: { type: complete, data: { tokens: "@policy.userTokens()" } }
"#;

pub(super) const LOOP: &str = r#"
id: loop
start: tries
steps:
  tries:
    type: loop
    while: "!@policy.isUserAuthenticated()"
    max_iterations: 2
    body: ask
    on: { done: done, exhausted: denied }
  ask:
    type: collect_information
    form_id: f
    fields: [user, code]
    output: form
    on: { submit: verify }
  verify:
    type: temp_code_authentication
    external_user_id: form.user
    temp_code: form.code
    on: { success: tries, failure: tries }
  done:   { type: complete }
  denied: { type: reject_access, data: { exhausted: "true" } }
"#;

pub(super) const RECOVERY: &str = r#"
id: recovery
start: ask
steps:
  ask:
    type: collect_information
    form_id: user
    fields: [user]
    output: form
    on: { submit: pair }
  pair:
    type: pair_with_support
    external_user_id: form.user
    output: pairing
    on: { next: call, failure: busy }
  busy: { type: information, title: Busy, text: Later, button_text: Back, on: { next: ask } }
  call:
    type: collect_information
    form_id: code
    fields: [code]
    app_data: { pairing: "@json.parse(@json.stringify(pairing))" }
    output: answer
    escapes:
      - { id: anew, display_name: New number }
      - { id: other, display_name: Another user }
      - { id: leave, display_name: Leave }
    on: { submit: verify, anew: pair, other: ask, leave: left }
  verify:
    type: temp_code_authentication
    external_user_id: form.user
    temp_code: answer.code
    on: { success: done, failure: call }
  done: { type: complete, data: { tokens: "@policy.userTokens()" } }
  left: { type: reject_access }
"#;
