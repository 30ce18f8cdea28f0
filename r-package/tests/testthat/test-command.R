test_that("a tracking server started from R is used, and stops", {
  local_command()
  local_session()
  server <- mlflow_server(withr::local_tempdir(), port = 0, workers = 1)
  withr::defer(server$stop())
  expect_output(print(server), "http://127.0.0.1:[0-9]+, running")
  mlflow_set_tracking_uri(server$server_url)
  with(run <- mlflow_start_run(), mlflow_log_text("irises", "notes.txt"))
  expect_identical(mlflow_load_text(paste0("runs:/", mlflow_id(run), "/notes.txt")), "irises\n")
  expect_identical(mlflow_ui(), server$server_url)
  server$stop()
  expect_false(server$handle$is_alive())
  expect_output(print(server), "stopped")
})

test_that("a model is served from R", {
  local_command()
  path <- file.path(withr::local_tempdir(), "model")
  mlflow_save_model(iris_crate(), path, input_example = iris[1:2, "Sepal.Length", drop = FALSE])
  server <- mlflow_models_serve(path)
  withr::defer(server$stop())
  expect_equal(mlflow_score(server$server_url, iris[1:3, ]), unname(iris_crate()(iris[1:3, ])))
})

test_that("a scoring server that is not daemonized runs until it is interrupted", {
  local_command()
  path <- file.path(withr::local_tempdir(), "model")
  mlflow_save_model(iris_crate(), path)
  process <- start_r(c(
    "library(crateflow)",
    paste0("withCallingHandlers(mlflow_rfunc_serve('", path, "', port = 0),"),
    "  message = function(cnd) cat(conditionMessage(cnd)))"
  ))
  withr::defer(process$kill())
  url <- sub("^Scoring at (http[^ ]+)/invocations;.*", "\\1", first_line(process))
  expect_equal(mlflow_score(url, iris[1:3, ]), unname(iris_crate()(iris[1:3, ])))
  process$interrupt()
  process$wait(1000 * limit_s)
  withr::local_envvar(MLFLOW_HTTP_REQUEST_MAX_RETRIES = "0")
  expect_error(mlflow_score(url, iris[1:3, ]), "cannot be reached")
})

test_that("of what a command says, its error is told", {
  said <- c("  File \"a.py\"", "Error: first", "more", "Error: The port is taken.", "Try another.", "")
  expect_identical(failure_bullets(said), c(x = "Error: The port is taken.", x = "Try another."))
  expect_identical(failure_bullets(letters), stats::setNames(tail(letters, 5), rep("x", 5)))
  expect_identical(failure_bullets("Error: alone"), c(x = "Error: alone"))
  expect_length(failure_bullets(character()), 0)
})

test_that("what keeps a server from starting is told", {
  local_command()
  withr::local_options(mlflow.connect.wait = limit_s)
  expect_error(start_command(c("server", "--no-such-option")), "no-such-option",
    class = "crateflow_error_unavailable"
  )
  withr::local_envvar(CRATEFLOW_BIN = "/no/such/command")
  expect_error(mlflow_server(withr::local_tempdir()), "is not found", class = "crateflow_error_no_command")
})
