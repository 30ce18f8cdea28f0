test_that("params are returned as text and kept once", {
  local_tracking()
  with(mlflow_start_run(), {
    column <- expect_invisible(mlflow_log_param("column", 1))
    expect_identical(as.integer(column), 1L)
    expect_identical(mlflow_log_param("large", 1e5), "100000")
    expect_identical(mlflow_log_param("missing", NULL), "NA")
    expect_silent(mlflow_log_param("column", 1))
    expect_error(
      mlflow_log_param("column", 2), "INVALID_PARAMETER_VALUE.*Changing param values is not allowed",
      class = "crateflow_error_invalid_input"
    )
    expect_error(mlflow_log_param("vector", 1:2), "must be one value")
    params <- mlflow_get_run()$params[[1]]
  })
  expect_identical(params$value[match(c("column", "large", "missing"), params$key)], c("1", "100000", "NA"))
})

test_that("metrics keep every bit, and NaN and the infinities", {
  local_tracking()
  values <- c(third = 1 / 3, tiny = 5e-324, nan = NaN, whole = 3)
  with(mlflow_start_run(), {
    expect_identical(expect_invisible(mlflow_log_metric("single", 0.1)), "0.1")
    mlflow_log_metrics(values)
    mlflow_log_metric("inf", Inf)
    mlflow_log_metric("neg", -Inf)
    metrics <- mlflow_get_run()$metrics[[1]]
  })
  logged <- stats::setNames(metrics$value, metrics$key)
  expect_identical(logged[names(values)], values)
  expect_gte(logged[["inf"]], .Machine$double.xmax)
  expect_lte(logged[["neg"]], -.Machine$double.xmax)
})

test_that("metrics that are no single number are refused", {
  local_session("http://server")
  expect_error(mlflow_log_metric("m", 1:2, run_id = "r"), "Value must be a scalar \\(length 1\\)")
  expect_error(mlflow_log_metric("m", NA, run_id = "r"), class = "crateflow_error_invalid_input")
  expect_error(mlflow_log_metric("m", "1", run_id = "r"), "must be one number")
  expect_error(mlflow_log_metrics(c(1, 2), run_id = "r"), "one number per name")
})

test_that("the history of a metric comes in the order of time", {
  local_tracking()
  with(mlflow_start_run(), {
    for (step in 1:3) mlflow_log_metric("loss", 1 / step, step = step, timestamp = 1.7e12 + step)
    history <- mlflow_get_metric_history("loss")
    unknown <- mlflow_get_metric_history("unknown")
  })
  expect_identical(history$value, 1 / 1:3)
  expect_identical(history$step, c(1, 2, 3))
  expect_s3_class(history$timestamp, "POSIXct")
  expect_identical(dim(unknown), c(0L, 4L))
})

test_that("a batch is logged as a whole, however large", {
  local_tracking()
  metrics <- data.frame(key = "loss", value = stats::rnorm(2500), step = 1:2500, timestamp = 1.7e12 + 1:2500)
  params <- data.frame(key = paste0("p", 1:150), value = factor(1:150))
  tags <- data.frame(key = c("a", "b"), value = c("x", "y"))
  with(mlflow_start_run(), {
    expect_null(expect_invisible(mlflow_log_batch(metrics, params, tags)))
    history <- mlflow_get_metric_history("loss")
    run <- mlflow_get_run()
  })
  expect_identical(history$value, metrics$value)
  expect_identical(nrow(run$params[[1]]), 150L)
  expect_identical(run$params[[1]]$value[run$params[[1]]$key == "p150"], "150")
  expect_true(all(c("a", "b") %in% run$tags[[1]]$key))
})

test_that("batches of the wrong shape are refused", {
  local_session("http://server")
  expect_error(
    mlflow_log_batch(metrics = data.frame(key = "a", value = 1), run_id = "r"),
    "metrics batch input dataframe must contain exactly the following columns: .*Found: key, value"
  )
  expect_error(
    mlflow_log_batch(params = data.frame(key = "a", value = NA), run_id = "r"),
    "params batch input dataframe contains a missing \\('NA'\\) entry."
  )
  texts <- data.frame(key = "a", value = "high", step = 1, timestamp = 1)
  expect_error(mlflow_log_batch(metrics = texts, run_id = "r"), "must have numbers in: value",
    class = "crateflow_error_invalid_input"
  )
})

test_that("tags are set, replaced and deleted", {
  local_tracking()
  with(mlflow_start_run(), {
    expect_null(expect_invisible(mlflow_set_tag("team", "botany")))
    mlflow_log_tag("team", "zoology")
    mlflow_set_tags(list(a = 1, b = TRUE))
    mlflow_delete_tag("a")
    tags <- mlflow_get_run()$tags[[1]]
    expect_error(mlflow_delete_tag("a"), class = "crateflow_error_not_found")
  })
  expect_identical(tags$value[tags$key == "team"], "zoology")
  expect_identical(tags$value[tags$key == "b"], "TRUE")
  expect_false("a" %in% tags$key)
})

test_that("texts of other scripts come back as they were, in a C locale too", {
  local_tracking()
  words <- c(latin = "caf\u00e9", greek = "\u03b1\u03b2", kanji = "\u82b1")
  logged <- function() {
    with(mlflow_start_run(), {
      mlflow_log_params(words)
      mlflow_get_run()$params[[1]]
    })
  }
  expect_identical(sort(logged()$value), sort(unname(words)))
  withr::local_locale(LC_CTYPE = "C")
  params <- logged()
  expect_identical(params$value[match(names(words), params$key)], unname(words))
})
