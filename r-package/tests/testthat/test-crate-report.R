test_that("a report names what is missing and shows what is there", {
  unfit <- crate(function(x) predict(model, x), model = lm(mpg ~ wt, mtcars))
  report <- mlflow_check_crate(unfit)
  expect_false(report$ok)
  expect_identical(report$functions, "predict")
  expect_named(report$sizes, "model")
  expect_output(print(report), "cannot be saved.*write `stats::predict\\(\\)`.*\\* `model`: .*needs stats")
  fit <- mlflow_check_crate(iris_crate())
  expect_true(fit$ok)
  expect_output(print(fit), "can be saved")
  expect_error(mlflow_check_crate(mean), "must be a crate", class = "crateflow_error_invalid_input")
})

test_that("objects that end with the session are found wherever they are", {
  con <- file(tempfile(), "w")
  withr::defer(close(con))
  handle <- methods::new("externalptr")
  held <- crate(function(x) x, con = con, tools = list(deep = list(handle), env = new.env()))
  expect_setequal(mlflow_check_crate(held)$session_objects, c("con", "tools$deep[[1]]"))
  expect_length(mlflow_check_crate(iris_crate())$session_objects, 0)
})

test_that("locale traps are named", {
  latin1 <- "caf\xe9"
  Encoding(latin1) <- "latin1"
  trap <- crate(function(x) factor(x$a, label), label = latin1, plain = "caf\u00e9")
  expect_identical(mlflow_check_crate(trap)$locale, c(
    "`factor()` depends on the locale of the server.", "`label` has texts that are not UTF-8."
  ))
})

test_that("a crate tells what it holds", {
  held <- crate(function(x, n = 1) x, big = numeric(1000), small = 1L)
  expect_identical(summary(held)$name, c("big", "small"))
  expect_identical(summary(held)$class, c("numeric", "integer"))
  expect_output(str(held), "crate \\(x, n\\).*\\$ big: numeric, 8.* kB")
  expect_identical(nrow(summary(crate(function(x) x))), 0L)
})
