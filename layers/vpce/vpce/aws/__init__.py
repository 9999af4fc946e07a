"""The only package that knows botocore. The boto3 client is the port; moto is its fake."""
