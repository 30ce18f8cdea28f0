# What both servers must answer: the one in R alone, and that of the command. `NULL` stands for any text.
expected_answers <- list(
  list('{"dataframe_split": {"columns": ["x", "f"], "data": [[1, "a"], [2.5, "b"]]}}', 200L,
       list(predictions = list(11, 22.5))),
  list('{"dataframe_split": {"columns": ["f", "x", "more"], "data": [["a", "1", null]]}}', 200L,
       list(predictions = list(11))),
  list('{"dataframe_records": [{"x": 1, "f": "a"}, {"x": null, "f": "b"}]}', 200L,
       list(predictions = list(11, NULL))),
  list('{"instances": [{"x": 1, "f": "a"}]}', 200L, list(predictions = list(11))),
  list('{"inputs": {"x": [1, 2], "f": ["a", "a"]}}', 200L, list(predictions = list(11, 12))),
  list('{"inputs": {"x": 1, "f": "b"}}', 200L, list(predictions = list(21))),
  list('{"inputs": {"x": 1, "f": "a"}, "params": {"by": 100}}', 200L, list(predictions = list(101))),
  # Six o'clock in UTC, one at the east coast of America.
  list('{"inputs": {"x": [1], "f": ["a"], "at": ["2024-01-01T06:00:00Z"]}}', 200L,
       list(predictions = list(12))),
  list('{"dataframe_split": {"columns": ["x", "f"], "data": []}}', 200L, list(predictions = list())),
  list('{"inputs": {"x": [1]}}', 400L, list(error_code = "INVALID_PARAMETER_VALUE")),
  list('{"inputs": {"x": ["one"], "f": ["a"]}}', 400L, list(error_code = "INVALID_PARAMETER_VALUE")),
  list('{"inputs": {"x": [1], "f": ["z"]}}', 400L, list(error_code = "INVALID_PARAMETER_VALUE")),
  list('{"inputs": {"x": [1, 2], "f": ["a"]}}', 400L, list(error_code = "INVALID_PARAMETER_VALUE")),
  list('{"inputs": [[1, 2]]}', 400L, list(error_code = "INVALID_PARAMETER_VALUE")),
  list('{"dataframe_split": {"columns": ["x"], "data": [[1, 2]]}}', 400L, list(error_code = "BAD_REQUEST")),
  list('{"inputs": {"x": [-1], "f": ["a"]}}', 400L, list(error_code = "BAD_REQUEST", message = "too cold")),
  list('{"x": 1, "inputs": [], "instances": []}', 400L, list(error_code = "BAD_REQUEST")),
  list("{broken", 400L, list(error_code = "BAD_REQUEST")),
  list("", 400L, list(error_code = "BAD_REQUEST"))
)

saved_model <- function(env = parent.frame()) {
  model <- crate(
    function(data, by = 10) {
      if (any(data$x < 0, na.rm = TRUE)) stop("too cold")
      hour <- if (is.null(data$at)) 0 else as.POSIXlt(data$at)$hour
      hour[is.na(hour)] <- 0
      data$x + by * as.integer(data$f) + hour
    }
  )
  at <- as.POSIXct(c("2024-01-01 01:00", NA), tz = "EST5EDT")
  example <- data.frame(x = c(1.5, 2), f = factor(c("a", "b")), at = at)
  path <- file.path(withr::local_tempdir(.local_envir = env), "model")
  mlflow_save_model(model, path, input_example = example)
  path
}

expect_answers <- function(ask) {
  for (case in expected_answers) {
    answer <- ask(case[[1]])
    expect_identical(answer$status, case[[2]], label = paste("status of", case[[1]]))
    body <- from_json(answer$body)
    if (case[[2]] != 200L) {
      expect_true(is.character(body$message) && nzchar(body$message))
      body <- body[names(case[[3]])]
    }
    expect_equal(body, case[[3]], label = paste("answer to", case[[1]]))
  }
}

rook <- function(body, method = "POST", path = "/invocations", type = "application/json") {
  list(
    REQUEST_METHOD = method, PATH_INFO = path, CONTENT_TYPE = type,
    rook.input = list(read = function() charToRaw(body))
  )
}

test_that("R alone answers as the command does", {
  path <- saved_model()
  app <- scoring_app(path)
  expect_answers(function(body) app(rook(body)))

  local_command()
  server <- mlflow_models_serve(path)
  withr::defer(server$stop())
  expect_answers(function(body) {
    request <- httr2::req_error(httr2::request(paste0(server$server_url, "/invocations")), function(r) FALSE)
    reply <- httr2::req_perform(httr2::req_body_raw(request, charToRaw(body), "application/json"))
    list(status = httr2::resp_status(reply), body = httr2::resp_body_string(reply))
  })
})

test_that("the other addresses answer, and other methods do not", {
  app <- scoring_app(saved_model())
  expect_identical(app(rook("", "GET", "/ping")), http_answer(200L, "\n"))
  expect_identical(app(rook("", "GET", "/version"))$body, as.character(packageVersion("crateflow")))
  expect_identical(app(rook("", "GET", "/nowhere"))$status, 404L)
  expect_identical(app(rook("", "GET"))$status, 405L)
  expect_identical(app(rook("x\n1", type = "text/csv"))$status, 415L)
  expect_identical(app(rook("\xff"))$status, 400L)
})

test_that("a model without a crate is for the command", {
  folder <- withr::local_tempdir()
  writeLines("flavors: {python_function: {loader_module: x}}", file.path(folder, "MLmodel"))
  expect_error(scoring_app(folder), "only crates are served", class = "crateflow_error_no_command")
})

test_that("results have the shapes that the command's server gives them", {
  expect_identical(predictions_json(c(1, NA, Inf, 0.1 + 0.2), 4), "[1.0, null, null, 0.30000000000000004]")
  expect_identical(predictions_json(c(a = 1, b = 2), 2), "[1.0, 2.0]")
  expect_identical(predictions_json(c(a = 1, b = 2), 1), '[{"a": 1.0, "b": 2.0}]')
  expect_identical(predictions_json(factor(c("b", NA)), 2), '["b", null]')
  expect_identical(predictions_json(as.Date("2024-01-02"), 1), '["2024-01-02"]')
  expect_identical(predictions_json(.POSIXct(0.5, tz = "UTC"), 1), '["1970-01-01T00:00:00.5Z"]')
  expect_identical(predictions_json(matrix(1:4, 2), 2), "[[1, 3], [2, 4]]")
  expect_identical(predictions_json(matrix(1:2, 1), 1), "[[1, 2]]")
  expect_identical(predictions_json(matrix(1:2, 2), 2), "[1, 2]")
  frame <- data.frame(a = 1:2, b = c("x", NA))
  expect_identical(predictions_json(frame, 2), '[{"a": 1, "b": "x"}, {"a": 2, "b": null}]')
  expect_identical(predictions_json(list(a = 1, b = "x"), 1), '{"a":1,"b":"x"}')
  expect_error(predictions_json(quote(x), 1), class = "scoring_refusal")
})

test_that("a model is served by R alone where the command is not found", {
  skip_if_not_installed("httpuv")
  withr::local_envvar(CRATEFLOW_BIN = "/no/such/command")
  server <- mlflow_models_serve(saved_model())
  withr::defer(server$stop())
  rows <- data.frame(x = c(1, 2), f = c("b", "a"))
  expect_equal(mlflow_score(server$server_url, rows), c(21, 12))
  server$stop()
  expect_false(server$handle$is_alive())
})
