test_that("replies are read by their shape", {
  expect_identical(read_predictions('{"predictions": [3.1, null, 2]}'), c(3.1, NA, 2))
  expect_identical(read_predictions('{"predictions": [3.1]}'), 3.1)
  expect_identical(read_predictions('{"predictions": ["a", null]}'), c("a", NA))
  expect_identical(
    read_predictions('{"predictions": [{"p": 0.5, "q": "x"}, {"p": null, "q": "y"}]}'),
    tibble::tibble(p = c(0.5, NA), q = c("x", "y"))
  )
  expect_identical(dim(read_predictions('{"predictions": [[1, 2], [3, 4], [5, 6]]}')), c(3L, 2L))
  expect_identical(read_predictions("[1.5, 2.5]"), c(1.5, 2.5))
  expect_identical(read_predictions('{"predictions": []}'), logical())
})

test_that("words that are not JSON are read, those within texts stay", {
  expect_identical(read_predictions('{"predictions": [1.5, NaN, -Infinity]}'), c(1.5, NA, -Inf))
  expect_identical(read_predictions('{"predictions": ["NaN", "to Infinity, \\"NaN\\""]}'),
    c("NaN", "to Infinity, \"NaN\"")
  )
  long <- strrep("NaN ", 1e6)
  expect_identical(read_predictions(paste0('{"predictions": ["', long, '"]}')), long)
})

test_that("a server that is away is told as what it is", {
  local_session("http://127.0.0.1:9")
  withr::local_envvar(MLFLOW_HTTP_REQUEST_MAX_RETRIES = "0")
  expect_error(mlflow_score("http://127.0.0.1:9", iris), "crateflow models serve", fixed = TRUE)
  expect_error(mlflow_get_run("abc"), "crateflow server", fixed = TRUE)
})

test_that("rows go to /invocations, with the token given and no other", {
  local_session()
  withr::local_envvar(MLFLOW_TRACKING_TOKEN = "of the tracking server")
  seen <- NULL
  local_answers(function(request) {
    seen <<- request
    json_answer(list(predictions = list(1.5)))
  })
  expect_identical(mlflow_score("http://host:1/", data.frame(a = 0.1), params = list(level = 0.9)), 1.5)
  expect_identical(seen$url, "http://host:1/invocations")
  expect_identical(
    rawToChar(seen$body$data),
    '{"dataframe_split": {"columns": ["a"], "data": [[0.1]]}, "params": {"level":0.9}}'
  )
  expect_null(authorization(seen))
  mlflow_score("http://host:1/invocations", data.frame(a = 0.1), token = "mine")
  expect_identical(seen$url, "http://host:1/invocations")
  expect_identical(authorization(seen), "Bearer mine")
})

test_that("a refusal is an error with the server's words", {
  local_session()
  local_answers(function(request) {
    json_answer(list(error_code = "INVALID_PARAMETER_VALUE", message = "missing column 'a'"), 400L)
  })
  expect_error(mlflow_score("http://host:1", data.frame(b = 1)), "missing column 'a'",
    class = "crateflow_error_invalid_input"
  )
})

test_that("arguments are checked", {
  expect_error(mlflow_score("host", iris), "must begin with http", class = "crateflow_error_invalid_input")
  expect_error(mlflow_score("http://host", 1:3), "must be a data frame")
  expect_error(mlflow_score("http://host", iris, params = list(1)), "must be a named list")
})

test_that("a served crate predicts what R does, to the last bit", {
  local_session()
  path <- file.path(withr::local_tempdir(), "model")
  mlflow_save_model(iris_crate(), path, input_example = head(iris["Sepal.Length"]))
  url <- local_scoring(path)
  expected <- unname(stats::predict(stats::lm(Sepal.Width ~ Sepal.Length, iris), iris))
  expect_identical(mlflow_score(url, iris["Sepal.Length"]), expected)
  expect_identical(mlflow_score(url, iris[1, ]), expected[1])
  expect_error(mlflow_score(url, iris["Species"]), "Sepal.Length", class = "crateflow_error_invalid_input")
})

test_that("every double goes to a served crate and back without losing a bit", {
  local_session()
  x <- c(0.1, 1 / 3, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e22, 2^53 + 2, -0.0, 100)
  x <- withr::with_seed(7, c(x, stats::rnorm(5000), stats::runif(5000) * 10^sample(-300:300, 5000, TRUE)))
  path <- file.path(withr::local_tempdir(), "model")
  mlflow_save_model(crate(function(x) x$x), path, input_example = data.frame(x = x[1:3]))
  scored <- mlflow_score(local_scoring(path), data.frame(x = x))
  expect_identical(sprintf("%a", scored), sprintf("%a", x))
})

test_that("factors, dates and missing values reach a served crate as they are here", {
  local_session()
  data <- data.frame(
    f = factor(c("b", "a"), levels = c("a", "b", "c")), day = as.Date(c("2024-01-02", NA)),
    at = .POSIXct(c(1704164645.678, 0), tz = "UTC"), x = c(NA, 0.1)
  )
  described <- crate(function(x) {
    data.frame(
      code = as.integer(x$f), levels = nlevels(x$f), day = as.numeric(x$day), at = as.numeric(x$at),
      x = x$x
    )
  })
  path <- file.path(withr::local_tempdir(), "model")
  mlflow_save_model(described, path, input_example = data)
  scored <- mlflow_score(local_scoring(path), data)
  expect_identical(scored$code, c(2L, 1L))
  expect_identical(scored$levels, c(3L, 3L))
  expect_equal(scored$day, c(19724, NA))
  expect_equal(scored$at, c(1704164645.678, 0), tolerance = 1e-12)
  expect_identical(scored$x, c(NA, 0.1))
})

test_that("params of a request reach the crate", {
  path <- file.path(withr::local_tempdir(), "model")
  scaled <- crate(function(x, factor = 1, unit = "cm") paste(x$a * factor, unit))
  mlflow_save_model(scaled, path, input_example = data.frame(a = 1:2))
  url <- local_scoring(path)
  data <- data.frame(a = c(1L, 3L))
  expect_identical(mlflow_score(url, data), c("1 cm", "3 cm"))
  expect_identical(mlflow_score(url, data, params = list(factor = 2, unit = "mm")), c("2 mm", "6 mm"))
  expect_error(mlflow_score(url, data, params = list(factor = "x")), "factor", class = "crateflow_error")
})

test_that("a served booster takes its columns in any order", {
  skip_if_not_installed("xgboost")
  data <- boosting_data(mtcars)
  fit <- xgboost::xgb.train(list(max_depth = 2, nthread = 1), data, nrounds = 3, verbose = 0)
  path <- file.path(withr::local_tempdir(), "model")
  mlflow_save_model(fit, path, input_example = mtcars[1:3, -1]) |> suppressMessages()
  expect_equal(mlflow_score(local_scoring(path), rev(mtcars)), unname(predict(fit, data)))
})
