client <- structure(list(tracking_uri = "http://server"), class = c("mlflow_http_client", "mlflow_client"))

test_that("requests go to the API with repeated names in the query", {
  local_session()
  request <- request_build(client, "GET", "x/get", query = list(a = list("1 2", "b&c"), none = NULL, n = 1e6))
  expect_identical(request$url, "http://server/api/2.0/mlflow/x/get?a=1%202&a=b%26c&n=1000000")
  expect_identical(request_label(request), "x/get")
})

test_that("credentials come from the environment, a user before a token", {
  local_session()
  withr::local_envvar(MLFLOW_TRACKING_TOKEN = "abc")
  expect_identical(authorization(request_build(client, "GET", "x")), "Bearer abc")
  withr::local_envvar(MLFLOW_TRACKING_USERNAME = "me", MLFLOW_TRACKING_PASSWORD = "secret")
  expect_match(authorization(request_build(client, "GET", "x")), "^Basic ")
  other <- list(tracking_uri = "http://scoring", credentials = list())
  expect_null(authorization(request_build(other, "POST", "/invocations")))
})

test_that("certificates and limits come from the environment", {
  local_session()
  withr::local_envvar(
    MLFLOW_TRACKING_INSECURE_TLS = "true", MLFLOW_TRACKING_SERVER_CERT_PATH = "/ca.pem",
    MLFLOW_TRACKING_CLIENT_CERT_PATH = "/me.pem", MLFLOW_HTTP_REQUEST_TIMEOUT = "7"
  )
  options <- request_build(client, "GET", "x")$options
  expect_identical(options$ssl_verifypeer, 0L)
  expect_identical(options$cainfo, "/ca.pem")
  expect_identical(options$sslcert, "/me.pem")
  expect_identical(options$low_speed_time, 7)
})

test_that("an error of the server has its code as class, and its words in the message", {
  local_session()
  local_answers(function(request) {
    json_answer(list(error_code = "RESOURCE_DOES_NOT_EXIST", message = "No {thing} <x> here"), 404L)
  })
  cnd <- tryCatch(mlflow_get_run("abc", client), error = identity)
  expect_s3_class(cnd, c(
    "crateflow_error_resource_does_not_exist", "crateflow_error_not_found", "crateflow_error", "rlang_error",
    "error", "condition"
  ), exact = TRUE)
  expect_match(conditionMessage(cnd), "API request to endpoint 'runs/get' failed with error code 404.",
    fixed = TRUE
  )
  expect_match(conditionMessage(cnd), "RESOURCE_DOES_NOT_EXIST: No {thing} <x> here", fixed = TRUE)
  expect_identical(cnd$status, 404L)
  expect_identical(cnd$server_message, "No {thing} <x> here")
  expect_identical(cnd$endpoint, "runs/get")
  expect_identical(rlang::call_name(cnd$call), "mlflow_get_run")
})

test_that("an error that is not JSON is reported by its status", {
  local_session()
  local_answers(function(request) httr2::response(403L, body = charToRaw("Invalid Host header")))
  expect_error(mlflow_get_run("abc", client), "PERMISSION_DENIED: Invalid Host header",
    class = "crateflow_error_permission_denied"
  )
})

test_that("an answer that is not JSON is an error", {
  local_session()
  local_answers(function(request) httr2::response(200L, body = charToRaw("<html>")))
  expect_error(mlflow_get_run("abc", client), "not JSON", class = "crateflow_error_server")
})

test_that("what may be repeated is repeated, what may not is not", {
  local_session()
  calls <- 0
  local_answers(function(request) {
    calls <<- calls + 1
    if (calls < 3) httr2::response(503L, body = raw()) else json_answer(list(run = list()))
  })
  expect_message(get_run(client, "abc"), class = "crateflow_message_retry") |> suppressMessages()
  expect_identical(calls, 3)

  calls <- 0
  local_answers(function(request) {
    calls <<- calls + 1
    httr2::response(503L, body = charToRaw("busy"))
  })
  expect_error(mlflow_create_experiment("x", client = client), "busy", class = "crateflow_error_unavailable")
  expect_identical(calls, 1)
})

test_that("a refusal for lack of capacity is repeated in any case, after the time the server asks for", {
  local_session()
  calls <- 0
  local_answers(function(request) {
    calls <<- calls + 1
    if (calls == 1) {
      json_answer(list(), 429L, list(`Retry-After` = "0"))
    } else {
      json_answer(list(experiment_id = "7"))
    }
  })
  expect_message(id <- mlflow_create_experiment("x", client = client), "status 429")
  expect_identical(id, "7")
  expect_identical(retry_delay(httr2::response(429L, headers = list(`Retry-After` = "5")), 1), 5)
  expect_identical(retry_delay(simpleError("lost"), 3), 0.04)
})

test_that("a server that is not there is reported soon, with its address", {
  local_session()
  withr::local_envvar(MLFLOW_HTTP_REQUEST_MAX_RETRIES = "1")
  seed <- withr::with_seed(5, {
    expect_message(
      expect_error(
        mlflow_get_run("abc", mlflow_client("http://me:secret@127.0.0.1:9")),
        "http://***@127.0.0.1:9 cannot be reached",
        fixed = TRUE, class = "crateflow_error_unavailable"
      ),
      "trying again"
    )
    stats::runif(1)
  })
  expect_identical(seed, withr::with_seed(5, stats::runif(1)))
})
