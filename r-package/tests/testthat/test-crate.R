test_that("a crate is a function with its objects and nothing of the session", {
  secret <- 1
  fit <- 2
  made <- crate(function(x) x + fit, fit = fit)
  expect_true(is_crate(made))
  expect_identical(attributes(made), list(class = "crate"))
  expect_identical(made(1), 3)
  expect_identical(parent.env(environment(made)), baseenv())
  expect_identical(ls(environment(made)), "fit")
  expect_false(is_crate(mean))
})

test_that("formulas, blocks and injected values work as in carrier", {
  expect_identical(crate(~ .x * 2)(21), 42)
  expect_named(formals(crate(~.x)), c("...", ".x", ".y", "."))
  expect_identical(crate({
    a <- 40
    ~ a + .x
  })(2), 42)
  value <- 42
  expect_identical(body(crate(function() !!value)), 42)
})

test_that("a crate runs in another process", {
  file <- withr::local_tempfile(fileext = ".rds")
  saveRDS(iris_crate(), file)
  code <- paste0("cat(sprintf('%a', readRDS('", file, "')(iris[1:2, ])))")
  printed <- system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", "-e", shQuote(code)),
    stdout = TRUE, env = "R_TESTS="
  )
  fit <- lm(Sepal.Width ~ Sepal.Length, iris)
  expect_identical(printed, paste(sprintf("%a", predict(fit, iris[1:2, ])), collapse = " "))
})

test_that("what cannot be a crate is refused", {
  fn <- function(x) x
  expect_error(crate(fn), "must be defined inside this call", class = "crateflow_error_invalid_input")
  expect_error(crate(function(x) x, 1), "must be named", class = "crateflow_error_invalid_input")
  expect_error(crate(1), "must be a function or a formula", class = "crateflow_error_invalid_input")
})

test_that("printing shows sizes, largest first, and the code", {
  code <- capture.output(print(crate(function(x) x + small, small = 1, large = numeric(1e4))))
  expect_match(code[[1]], "^<crate> 80")
  expect_match(code[[2]], "^\\* `large`: 80 kB")
  expect_match(code[[3]], "^\\* `small`")
  expect_true(any(grepl("x + small", code, fixed = TRUE)))
  expect_false(any(grepl("environment", code)))
})
