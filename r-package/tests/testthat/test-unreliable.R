# What a network and a server do on bad days, by a server that does it on demand.

run_answer <- list(body = list(run = list(info = list(run_id = "abc"), data = list())))

test_that("a request that may be repeated outlives lost connections, overload and failures", {
  server <- local_unreliable(list(
    list(drop = TRUE), list(status = 503), list(status = 429, headers = list(`Retry-After` = 0)),
    list(status = 502), run_answer
  ))
  local_session(server$url)
  expect_message(
    expect_message(run <- mlflow_get_run("abc"), "'runs/get' failed", class = "crateflow_message_retry"),
    "status 503"
  ) |> suppressMessages()
  expect_identical(mlflow_id(run), "abc")
  expect_length(requests_to(server), 5)
})

test_that("a request that must not be repeated is sent once", {
  server <- local_unreliable(list(list(drop = TRUE)))
  local_session(server$url)
  expect_error(mlflow_create_experiment("once"), "cannot be reached", class = "crateflow_error_unavailable")
  expect_identical(requests_to(server), "POST /api/2.0/mlflow/experiments/create -")
})

test_that("metrics, params and tags may be repeated; tries have an end", {
  for (log in list(
    function() mlflow_log_metric("m", 1, run_id = "abc"),
    function() mlflow_log_param("p", 1, run_id = "abc"),
    function() mlflow_set_tag("t", 1, run_id = "abc"),
    function() mlflow_log_batch(params = data.frame(key = "p", value = 1), run_id = "abc")
  )) {
    server <- local_unreliable(list(list(status = 500), list()))
    local_session(server$url)
    expect_message(log(), class = "crateflow_message_retry")
    expect_length(requests_to(server), 2)
  }
  server <- local_unreliable(rep(list(list(status = 503)), 9))
  local_session(server$url)
  withr::local_envvar(MLFLOW_HTTP_REQUEST_MAX_RETRIES = "2")
  expect_error(mlflow_log_metric("m", 1, run_id = "abc"), class = "crateflow_error_unavailable") |>
    suppressMessages()
  expect_length(requests_to(server), 3)
})

test_that("a server that says nothing is given up after the time limit", {
  server <- local_unreliable(list(list(wait_s = 120)))
  local_session(server$url)
  withr::local_envvar(MLFLOW_HTTP_REQUEST_TIMEOUT = "1", MLFLOW_HTTP_REQUEST_MAX_RETRIES = "0")
  expect_error(mlflow_get_run("abc"), "cannot be reached", class = "crateflow_error_unavailable")
})

test_that("certificates are checked, against the authority given, unless told not to, by either name", {
  server <- local_unreliable(rep(list(run_answer), 9), tls = TRUE)
  local_session(server$url)
  withr::local_envvar(MLFLOW_HTTP_REQUEST_MAX_RETRIES = "0")
  expect_error(mlflow_get_run("abc"), "certificate", class = "crateflow_error_unavailable")
  withr::with_envvar(
    c(MLFLOW_TRACKING_SERVER_CERT_PATH = file.path(server$folder, "cert.pem")),
    expect_identical(mlflow_id(mlflow_get_run("abc")), "abc")
  )
  for (name in c("MLFLOW_TRACKING_INSECURE_TLS", "MLFLOW_TRACKING_INSECURE")) {
    withr::with_envvar(
      stats::setNames("TRUE", name), expect_identical(mlflow_id(mlflow_get_run("abc")), "abc")
    )
  }
})

test_that("a password comes from the keyring of the system", {
  skip_if_not_installed("keyring")
  withr::local_options(keyring_backend = "env")
  server <- local_unreliable(rep(list(run_answer), 9))
  local_session(server$url)
  withr::local_envvar(CRATEFLOW_KEYRING_SERVICE = "crateflow-tests")
  expect_error(mlflow_get_run("abc"), "keyring::key_set(\"crateflow-tests\")", fixed = TRUE,
    class = "crateflow_error_unauthenticated"
  )
  withr::local_envvar(`crateflow-tests` = NA, `crateflow-tests:me` = NA)
  keyring::key_set_with_value("crateflow-tests", password = "a token")
  mlflow_get_run("abc")
  withr::local_envvar(MLFLOW_TRACKING_USERNAME = "me")
  keyring::key_set_with_value("crateflow-tests", "me", "a password")
  mlflow_get_run("abc")
  # Read once in a session, and not at all where the environment has a password.
  keyring::key_set_with_value("crateflow-tests", "me", "another")
  mlflow_get_run("abc")
  withr::local_envvar(MLFLOW_TRACKING_PASSWORD = "of the environment")
  mlflow_get_run("abc")
  basic <- function(password) paste("Basic", jsonlite::base64_enc(charToRaw(paste0("me:", password))))
  expect_identical(
    sub("^\\S+ \\S+ ", "", requests_to(server)),
    c("Bearer a token", basic("a password"), basic("a password"), basic("of the environment"))
  )
})

test_that("names of older versions are read, with a warning once", {
  local_session()
  withr::local_envvar(MLFLOW_TOKEN = "old")
  rlang::reset_warning_verbosity("MLFLOW_TOKEN")
  expect_warning(credentials <- tracking_credentials(), "use MLFLOW_TRACKING_TOKEN",
    class = "crateflow_warning_deprecated"
  )
  expect_identical(credentials$token, "old")
  expect_no_warning(tracking_credentials())
})
