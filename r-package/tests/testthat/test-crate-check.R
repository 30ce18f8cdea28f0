test_that("functions without their package are named, with the package", {
  unfit <- crate(function(x) {
    y <- head(x)
    predict(model, frobnicate(y))
  }, model = 1)
  expect_snapshot(error = TRUE, cran = TRUE, check_crate(unfit))
  cnd <- tryCatch(check_crate(unfit), error = identity)
  expect_s3_class(cnd, "crateflow_error_unfit_crate")
  expect_setequal(cnd$functions, c("head", "predict", "frobnicate"))
})

test_that("objects that stayed behind are named, columns are not", {
  unfit <- crate(function(x) stats::predict(modle, x), model = 1)
  expect_error(check_crate(unfit), "pass it as `modle = modle`", class = "crateflow_error_unfit_crate")
  expect_silent(check_crate(crate(function(x) with(x, a + b))))
  expect_silent(check_crate(crate(function(x) stats::lm(a ~ b, x))))
  masked <- crate(function(x) rlang::eval_tidy(rlang::quo(a), x))
  expect_silent(check_crate(masked, columns = "a"))
  expect_error(check_crate(masked), class = "crateflow_error_unfit_crate")
})

# A function as made in a script, where the test's own stand in the package.
in_script <- function(fn, ...) {
  environment(fn) <- list2env(list(...), parent = globalenv())
  fn
}

test_that("names are looked up where they will be when the crate is loaded", {
  expect_silent(check_crate(iris_crate()))
  expect_silent(check_crate(crate(~ .x + .y)))
  expect_silent(check_crate(crate(function(x) x[, 1] |> twice(), twice = in_script(function(x) 2 * x))))
  # A helper keeps its own environment, and with it what stands there.
  expect_silent(check_crate(crate(function(x) helper(x), helper = in_script(function(x) k * x, k = 2))))
  # The global environment is empty in another session, and base R's packages are attached.
  helper <- in_script(function(x) median(global_only + x))
  expect_error(check_crate(crate(function(x) helper(x), helper = helper)), "global_only")
  expect_silent(check_crate(crate(function(x) helper(x), helper = in_script(function(x) median(x)))))
  expect_silent(check_crate(crate(function(x) helper(x), helper = stats::median)))
  nested <- list(in_script(function(x) frobnicate(x)))
  expect_error(check_crate(crate(function(x) tools[[1]](x), tools = nested)), "frobnicate")
})

test_that("a large crate is reported with what makes it so", {
  inside <- function() {
    ballast <- numeric(2e6)
    fit <- lm(Sepal.Width ~ Sepal.Length, iris)
    crate(function(x) stats::predict(model, x), model = fit)
  }
  expect_warning(check_crate(inside()), "`model`: 16.1 MB, of it `ballast` \\(16 MB\\)",
    class = "crateflow_warning_large_crate"
  )
  expect_silent(check_crate(crate(function(x) data, data = numeric(1e6))))
})

test_that("packages are found by code and by classes", {
  skip_if_not_installed("rpart")
  tree <- rpart::rpart(Species ~ ., iris)
  found <- crate_packages(crate(function(x) stats::predict(model, x), model = tree))
  expect_named(found, c("rpart", "stats"))
  expect_identical(found[["rpart"]], as.character(packageVersion("rpart")))
  inner <- structure(list(finalModel = tree), class = "unknown wrapper")
  expect_true("rpart" %in% names(crate_packages(crate(function(x) model, model = inner))))
  splined <- lm(mpg ~ splines::bs(wt), mtcars)
  expect_named(crate_packages(crate(function(x) stats::predict(m, x), m = splined)), c("splines", "stats"))
  in_helper <- crate(function(x) helper(x), helper = in_script(function(x) tools::toTitleCase(x)))
  expect_named(crate_packages(in_helper), "tools")
  expect_named(crate_packages(crate(function(x) x), also = "utils"), "utils")
  expect_length(crate_packages(crate(function(x) x)), 0)
})

test_that("an inherited method does not hide the package of the class itself", {
  skip_if_not_installed("nnet")
  fit <- nnet::multinom(Species ~ Sepal.Length, iris, trace = FALSE)
  expect_true("nnet" %in% names(crate_packages(crate(function(x) stats::predict(model, x), model = fit))))
})

test_that("a package that is not installed is named, with the way to install it", {
  # Not written as code, which R CMD check would take for a dependency of the tests.
  code <- str2lang("absentpackage::predict(x)")
  expect_error(
    crate_packages(crate(function(x) !!code)),
    'install.packages("absentpackage")',
    fixed = TRUE, class = "crateflow_error_missing_package"
  )
})
