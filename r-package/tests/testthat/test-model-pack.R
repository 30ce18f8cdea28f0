# Save, load and predict; the dry run of the save predicts in a fresh process besides.
round_trip <- function(model, ..., env = parent.frame()) {
  path <- file.path(withr::local_tempdir(.local_envir = env), "model")
  suppressMessages(mlflow_save_model(model, path, ...))
  path
}

expect_predicts <- function(model, expected, data, inputs = NULL, ..., env = parent.frame()) {
  path <- round_trip(model, ..., env = env)
  loaded <- mlflow_load_model(path)
  expect_s3_class(loaded, "crate")
  expect_equal(mlflow_predict(loaded, data), expected, ignore_attr = TRUE)
  # One row keeps the type of many.
  expect_identical(class(mlflow_predict(loaded, data[1, ])), class(mlflow_predict(loaded, data)))
  spec <- yaml::read_yaml(file.path(path, "MLmodel"))
  names <- vapply(jsonlite::fromJSON(spec$signature$inputs, simplifyVector = FALSE), `[[`, "", "name")
  if (!is.null(inputs)) expect_setequal(names, inputs)
  invisible(path)
}

flowers <- iris[c(3, 60, 120, 149), ]

test_that("models of base R are logged as they are", {
  fit <- lm(Sepal.Width ~ log(Sepal.Length) + Species, iris)
  expect_predicts(fit, predict(fit, flowers), flowers, c("Sepal.Length", "Species"))
  cars <- transform(mtcars, am = am == 1)
  fit <- glm(am ~ wt, binomial, cars)
  expect_predicts(fit, predict(fit, cars, type = "response"), cars, "wt")
  expect_predicts(fit, predict(fit, cars), cars, "wt", type = "link")
  expect_predicts(fit, predict(fit, cars, type = "response"), cars, "wt", type = "prob")
  fit <- nls(mpg ~ a + b * exp(-wt), mtcars, start = list(a = 10, b = 40))
  expect_predicts(fit, predict(fit, mtcars), mtcars, "wt")
  fit <- loess(mpg ~ wt, mtcars)
  expect_predicts(fit, predict(fit, mtcars), mtcars, "wt")
  fit <- lm(mpg ~ ., mtcars)
  expect_predicts(fit, predict(fit, mtcars), mtcars, setdiff(names(mtcars), "mpg"))
})

test_that("additive and mixed models are logged as they are", {
  skip_if_not_installed("mgcv")
  fit <- mgcv::gam(mpg ~ s(wt), data = mtcars)
  expect_predicts(fit, mgcv::predict.gam(fit, mtcars), mtcars, "wt")
  fit <- mgcv::gam(am ~ s(wt), family = binomial, data = mtcars)
  expect_predicts(fit, mgcv::predict.gam(fit, mtcars, type = "response"), mtcars, "wt", type = "prob")
  expect_error(round_trip(mgcv::gam(mpg ~ s(wt), data = mtcars), type = "prob"), "must be one of")
  skip_if_not_installed("lme4")
  fit <- lme4::lmer(Reaction ~ Days + (1 | Subject), lme4::sleepstudy)
  expect_predicts(fit, predict(fit, lme4::sleepstudy), lme4::sleepstudy, c("Days", "Subject"))
})

test_that("trees and forests predict classes, probabilities or numbers", {
  skip_if_not_installed("rpart")
  species <- setdiff(names(iris), "Species")
  fit <- rpart::rpart(Species ~ ., iris)
  expect_predicts(fit, predict(fit, flowers, type = "class"), flowers, species)
  expect_predicts(fit, predict(fit, flowers), flowers, species, type = "prob")
  fit <- rpart::rpart(mpg ~ wt + hp, mtcars)
  expect_predicts(fit, predict(fit, mtcars), mtcars, c("wt", "hp"))

  skip_if_not_installed("ranger")
  fit <- ranger::ranger(Species ~ ., iris, num.trees = 10, probability = TRUE, num.threads = 1)
  p <- predict(fit, flowers)$predictions
  expect_predicts(fit, p, flowers, species)
  expect_predicts(fit, colnames(p)[apply(p, 1, which.max)], flowers, species, type = "class")
  # Trees that do not tie for these flowers, which several threads would decide in any order.
  fit <- ranger::ranger(Species ~ ., data = iris, num.trees = 10, num.threads = 1, seed = 1)
  expect_predicts(fit, predict(fit, flowers, seed = 1)$predictions, flowers, species)
  expect_error(round_trip(fit, type = "prob"), "must be one of \"class\"",
    class = "crateflow_error_invalid_input"
  )

  skip_if_not_installed("randomForest")
  # Trees that do not tie for these flowers, which would be decided by chance at each prediction.
  fit <- withr::with_seed(1, randomForest::randomForest(Species ~ ., iris, ntree = 10))
  expect_predicts(fit, predict(fit, flowers), flowers, species)
  expect_predicts(fit, unclass(predict(fit, flowers, "prob")), flowers, species, type = "prob")
  fit <- randomForest::randomForest(mpg ~ wt + hp, mtcars, ntree = 10)
  expect_predicts(fit, predict(fit, mtcars), mtcars, c("wt", "hp"))
})

test_that("penalized and kernel methods are logged as they are", {
  skip_if_not_installed("glmnet")
  x <- as.matrix(mtcars[c("wt", "hp", "qsec")])
  fit <- glmnet::glmnet(x, mtcars$mpg)
  path <- expect_predicts(fit, as.vector(predict(fit, x, s = min(fit$lambda))), mtcars, colnames(x),
    input_example = mtcars[1:3, colnames(x)]
  )
  # The penalty is a param.
  expect_equal(mlflow_load_model(path)(mtcars, s = 1), as.vector(predict(fit, x, s = 1)))
  expect_match(yaml::read_yaml(file.path(path, "MLmodel"))$signature$params, '"name":"s","type":"double"')
  fit <- glmnet::glmnet(as.matrix(iris[1:4]), iris$Species, family = "multinomial")
  at <- min(fit$lambda)
  p <- predict(fit, as.matrix(flowers[1:4]), s = at, type = "response")[, , 1]
  loaded <- mlflow_load_model(round_trip(fit, input_example = iris[1:3, 1:4]))
  expect_equal(loaded(flowers), p)
  fit <- withr::with_seed(1, glmnet::cv.glmnet(x, mtcars$am, family = "binomial", nfolds = 3))
  chosen <- as.vector(predict(fit, x, s = "lambda.1se", type = "response"))
  example <- mtcars[1:3, colnames(x)]
  expect_predicts(fit, chosen, mtcars, colnames(x), type = "prob", input_example = example)
  chosen <- as.vector(predict(fit, x, type = "class"))
  expect_predicts(fit, chosen, mtcars, colnames(x), type = "class", input_example = example)

  skip_if_not_installed("e1071")
  fit <- e1071::svm(Species ~ ., iris, probability = TRUE)
  expect_predicts(fit, predict(fit, flowers), flowers)
  p <- attr(predict(fit, flowers, probability = TRUE), "probabilities")
  expect_predicts(fit, p, flowers, type = "prob")
  expect_error(round_trip(e1071::svm(Species ~ ., iris), type = "prob"), "probability = TRUE")
})

test_that("survival models, networks and discriminants are logged as they are", {
  skip_if_not_installed("survival")
  lung <- stats::na.omit(survival::lung[c("time", "status", "age", "sex")])
  fit <- survival::coxph(survival::Surv(time, status) ~ age + sex, lung)
  expect_predicts(fit, predict(fit, lung), lung, c("age", "sex"))
  expect_predicts(fit, predict(fit, lung, type = "risk"), lung, c("age", "sex"), type = "risk")

  skip_if_not_installed("nnet")
  fit <- nnet::multinom(Species ~ ., iris, trace = FALSE)
  expect_predicts(fit, predict(fit, flowers), flowers)
  expect_predicts(fit, predict(fit, flowers, "probs"), flowers, type = "prob")
  fit <- nnet::nnet(mpg ~ wt, mtcars, size = 2, linout = TRUE, trace = FALSE)
  expect_predicts(fit, as.vector(predict(fit, mtcars)), mtcars, "wt")

  skip_if_not_installed("MASS")
  fit <- MASS::lda(Species ~ ., iris)
  expect_predicts(fit, predict(fit, flowers)$class, flowers)
  expect_predicts(fit, predict(fit, flowers)$posterior, flowers, type = "prob")
})

test_that("models of caret are logged as they are", {
  # Its dates ask for a time zone, which a container may not have.
  withr::local_timezone("UTC")
  skip_if_not_installed("caret")
  suppressPackageStartupMessages(requireNamespace("caret"))
  control <- caret::trainControl(method = "cv", number = 2)
  fit <- caret::train(Species ~ Sepal.Length + Petal.Length, iris, method = "rpart", trControl = control)
  expect_predicts(fit, predict(fit, flowers), flowers, c("Sepal.Length", "Petal.Length"))
  path <- expect_predicts(fit, predict(fit, flowers, type = "prob"), flowers, type = "prob")
  # Nothing of the function that caret fitted the tree in comes along.
  expect_lt(serialized_bytes(mlflow_load_model(path)), 1e5)
})

test_that("models of caret behind a recipe are logged as they are", {
  withr::local_timezone("UTC")
  skip_if_not_installed("caret")
  skip_if_not_installed("recipes")
  recipe <- recipes::recipe(Species ~ ., iris)
  recipe <- recipes::step_normalize(recipe, recipes::all_numeric_predictors())
  control <- caret::trainControl(method = "cv", number = 2)
  fit <- caret::train(recipe, iris, method = "rpart", trControl = control)
  expect_predicts(fit, predict(fit, flowers), flowers, setdiff(names(iris), "Species"))
  expect_predicts(fit, predict(fit, flowers, type = "prob"), flowers, type = "prob")
})

test_that("a function takes along what it uses of its script", {
  score <- local(
    {
      k <- 3
      helper <- function(x) k * x
      function(x) helper(x$a) + stats::median(c(1, 2))
    },
    envir = new.env(parent = globalenv())
  )
  path <- round_trip(score, input_example = data.frame(a = c(1, 2)))
  expect_identical(mlflow_load_model(path)(data.frame(a = 2)), 7.5)
  expect_error(round_trip(function() 1), "must take a data frame", class = "crateflow_error_invalid_input")
  expect_error(round_trip(score, type = "prob"), "`type` cannot be given")
  unqualified <- function(x) predict(x)
  expect_error(round_trip(unqualified), "stats::predict", class = "crateflow_error_unfit_crate")
})

test_that("training data stays behind, and the sizes are told", {
  inside <- function() {
    ballast <- runif(1e5)
    data <- data.frame(x = seq_len(1e5) / 7, y = ballast)
    lm(y ~ poly(x, k), data)
  }
  k <- 2
  environment(inside) <- environment()
  fit <- inside()
  path <- file.path(withr::local_tempdir(), "model")
  expect_message(
    mlflow_save_model(fit, path),
    "^The model goes without its training data: [0-9.]+ kB in place of [0-9.]+ MB[.]$",
    class = "crateflow_message_stripped"
  )
  expect_lt(file.size(file.path(path, "crate.bin")), 20000)
  new <- data.frame(x = c(1, 2, 1e6))
  expect_identical(mlflow_load_model(path)(new), predict(fit, new))
  # Standard errors of what a stripped model predicts still come out.
  slim <- environment(mlflow_load_model(path))$model
  expect_equal(predict(slim, new, se.fit = TRUE)$fit, predict(fit, new))
})

test_that("what would predict differently keeps its data", {
  whole <- crate(function(x) length(model$residuals), model = lm(mpg ~ wt, mtcars))
  expect_silent(kept <- drop_training_data(whole, mtcars))
  expect_identical(kept(mtcars), nrow(mtcars))
})

test_that("a model whose data is gone is saved without signature", {
  path <- file.path(withr::local_tempdir(), "model")
  skip_if_not_installed("glmnet")
  fit <- local(glmnet::glmnet(x, y), list(x = as.matrix(mtcars[c("wt", "hp")]), y = mtcars$mpg))
  expect_message(mlflow_save_model(fit, path), "saved without signature",
    class = "crateflow_message_no_example"
  )
})

test_that("boosters predict numbers", {
  skip_if_not_installed("xgboost")
  data <- boosting_data(mtcars)
  fit <- xgboost::xgb.train(list(max_depth = 2, nthread = 1), data, nrounds = 3, verbose = 0)
  expect_predicts(fit, predict(fit, data), rev(mtcars), names(mtcars)[-1], input_example = mtcars[1:3, -1])
})

test_that("boosters of xgboost() predict numbers, classes or probabilities", {
  skip_if_not_installed("xgboost", "3.0.0")
  fit <- xgboost::xgboost(mtcars[-1], mtcars$mpg, nrounds = 3, nthreads = 1)
  # The data, which the call names, is where scripts have it.
  expect_predicts(fit, predict(fit, mtcars[-1]), rev(mtcars), names(mtcars)[-1])
  fit <- xgboost::xgboost(iris[-5], iris$Species, nrounds = 3, nthreads = 1)
  species <- names(iris)[-5]
  path <- expect_predicts(fit, as.character(predict(fit, flowers[-5], type = "class")), flowers, species)
  expect_true("xgboost" %in% names(yaml::read_yaml(file.path(path, "MLmodel"))$flavors$crate$packages))
  expect_predicts(fit, predict(fit, flowers[-5]), flowers, species, type = "prob")
  expect_error(round_trip(fit, type = "link"), "must be one of")
})
